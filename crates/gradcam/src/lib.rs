//! The stage `gradcam`.

pub mod saliency;

use imaging::Rgb;
use infer::Classifiers;
use saliency::SaliencyError;
use stage::{Output, Outputs, Session, StageError, digest_of};
use study::Kind;
use study::plan::{Plan, Subject, facet};

/// Images whose crops are in memory together.
const TOGETHER: usize = 64;

/// Brings `saliency` and `randomized_saliency` up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    let classifiers = Classifiers::on_each_device(session)?;
    let together = |subject: &Subject| {
        let images = subject.image.map(|image| image / TOGETHER);
        (subject.network.clone(), subject.method.clone(), images)
    };
    let explain = |classifiers: &mut Classifiers<'_>, plan: &Plan, subjects: &[&Subject]| {
        explain(session, classifiers, plan, subjects)
    };
    session.in_groups(Kind::Saliency, together, &classifiers, explain)?;
    let by_network =
        |subject: &Subject| (subject.network.clone(), subject.depth, together(subject));
    let explain = |classifiers: &mut Classifiers<'_>, plan: &Plan, subjects: &[&Subject]| {
        explain_randomized(session, classifiers, plan, subjects)
    };
    session.in_groups(Kind::RandomizedSaliency, by_network, &classifiers, explain)
}

/// What an image is explained from.
struct Asked {
    crop: schema::Crop,
    target: schema::Target,
    rgb: Rgb,
}

/// An image with its map, or why it has none.
type Mapped = Result<(Asked, saliency::Map), StageError>;

/// Reads each image by itself, because one that cannot be read keeps no other from its map.
fn read(session: &Session, plan: &Plan, subjects: &[&Subject]) -> Vec<Result<Asked, StageError>> {
    let read = |subject: &&Subject| {
        let crop = session.read_one::<schema::Crop>(plan, Kind::Crops, &subject.crop())?;
        let target = session.read_one::<schema::Target>(plan, Kind::Targets, &subject.network())?;
        let rgb = imaging::decode(&crop.rgb).map_err(StageError::action)?;
        Ok(Asked { crop, target, rgb })
    };
    subjects.iter().map(read).collect()
}

/// The maps of the images that were read, which `ask` is given together, and the errors of the others in their places.
fn maps(
    read: Vec<Result<Asked, StageError>>,
    ask: impl FnOnce(&[(&Rgb, usize)]) -> Result<Vec<saliency::Map>, SaliencyError>,
) -> Result<Vec<Mapped>, StageError> {
    let asked: Vec<(&Rgb, usize)> = read
        .iter()
        .flatten()
        .map(|asked| (&asked.rgb, asked.target.target_class as usize))
        .collect();
    let mut maps = ask(&asked).map_err(StageError::action)?.into_iter();
    let with_map = |asked: Result<Asked, StageError>| {
        Ok((
            asked?,
            maps.next().expect("a map for each image that was read"),
        ))
    };
    Ok(read.into_iter().map(with_map).collect())
}

/// The maps of images in one network by one method.
fn explain(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    plan: &Plan,
    subjects: &[&Subject],
) -> Result<Outputs, StageError> {
    let read = read(session, plan, subjects);
    let network = subjects[0].network.as_ref().expect("a map is of a network");
    let classifier = classifiers.get(network)?;
    let maps = maps(read, |asked| saliency::saliency(classifier, asked))?;
    let backward = u64::from(classifier.goes_backward());
    let layer = &session.study.networks[network].layer;
    let output = |(subject, mapped): (&&Subject, Mapped)| {
        let (asked, map) = mapped?;
        let output = output(subject, &asked.crop, &asked.target, layer, map)?.passes(1, backward);
        Ok(output.ran(classifier.device().to_string(), classifier.gradient_batch()))
    };
    Ok(subjects.iter().zip(maps).map(output).collect())
}

/// The maps of images in one network at one depth, where its upper layers are random, by one method.
fn explain_randomized(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    plan: &Plan,
    subjects: &[&Subject],
) -> Result<Outputs, StageError> {
    let read = read(session, plan, subjects);
    let network = subjects[0].network.as_ref().expect("a map is of a network");
    let depth = subjects[0].depth.expect("layers are random to a depth");
    let precision = classifiers.precision();
    let ([classifier], cascade) = classifiers.randomized(network, depth, [precision])?;
    let maps = maps(read, |asked| saliency::saliency(classifier, asked))?;
    let backward = u64::from(classifier.goes_backward());
    let lowest = cascade.random.last().cloned().unwrap_or_default();
    let output = |(subject, mapped): (&&Subject, Mapped)| {
        let (asked, map) = mapped?;
        let row = schema::RandomizedSaliency {
            image: asked.crop.image,
            network: network.to_string(),
            method: method_of(subject),
            depth,
            random_layers: cascade.random.len() as u32,
            layers: cascade.layers as u32,
            lowest_random_layer: lowest.clone(),
            target_class: asked.target.target_class,
            height: map.height as u32,
            width: map.width as u32,
            map: map.values,
        };
        let output = Output::new(&[row], &asked.target)?.passes(1, backward);
        Ok(output.ran(classifier.device().to_string(), classifier.gradient_batch()))
    };
    Ok(subjects.iter().zip(maps).map(output).collect())
}

fn method_of(subject: &Subject) -> String {
    let method = subject.method.as_ref();
    method.expect("a map is of a method").to_string()
}

fn output(
    subject: &Subject,
    crop: &schema::Crop,
    target: &schema::Target,
    layer: &str,
    map: saliency::Map,
) -> Result<Output, StageError> {
    let bytes: Vec<u8> = map
        .values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let digest = digest_of([
        &map.height.to_le_bytes()[..],
        &map.width.to_le_bytes(),
        &bytes,
    ]);
    let row = schema::Saliency {
        image: crop.image.clone(),
        network: target.network.clone(),
        method: method_of(subject),
        layer: layer.to_owned(),
        target_class: target.target_class,
        height: map.height as u32,
        width: map.width as u32,
        map: map.values,
    };
    Ok(Output::new(&[row], target)?.facet(facet::MAP, digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(class: u32) -> Asked {
        Asked {
            crop: schema::Crop {
                image: format!("image-{class}"),
                image_digest: String::new(),
                source_height: 1,
                source_width: 2,
                height: 1,
                width: 2,
                rgb: Vec::new(),
                truth_mask: None,
            },
            target: schema::Target {
                image: format!("image-{class}"),
                network: "alexnet".to_owned(),
                target_class: class,
                target_label: String::new(),
                true_class: None,
                true_label: None,
                correct: None,
                probability: 0.5,
            },
            rgb: Rgb::new(1, 2, vec![0; 6]).unwrap(),
        }
    }

    #[test]
    fn an_image_that_cannot_be_read_fails_alone_and_the_others_are_asked_together() {
        let read = (0..5).map(|class| match class {
            3 => Err(StageError::action("not a PNG file")),
            class => Ok(asked(class)),
        });
        let mut calls = Vec::new();
        let mapped = maps(read.collect(), |asked| {
            calls.push(asked.len());
            let map = |&(_, class): &(&Rgb, usize)| saliency::Map {
                height: 1,
                width: 1,
                values: vec![class as f32],
            };
            Ok(asked.iter().map(map).collect())
        });
        assert_eq!(calls, [4]);
        for (class, mapped) in mapped.unwrap().into_iter().enumerate() {
            match mapped {
                Ok((asked, map)) => {
                    assert_eq!(asked.crop.image, format!("image-{class}"));
                    assert_eq!(map.values, [class as f32]);
                }
                Err(error) => assert_eq!((class, error.to_string()), (3, "not a PNG file".into())),
            }
        }
    }
}
