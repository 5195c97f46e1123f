//! The stage `gradcam`.

pub mod saliency;

use imaging::Rgb;
use infer::Classifiers;
use networks::Classifier;
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

fn read(session: &Session, plan: &Plan, subjects: &[&Subject]) -> Result<Vec<Asked>, StageError> {
    let mut read = Vec::new();
    for subject in subjects {
        let crop = session.read_one::<schema::Crop>(plan, Kind::Crops, &subject.crop())?;
        let target = session.read_one::<schema::Target>(plan, Kind::Targets, &subject.network())?;
        let rgb = imaging::decode(&crop.rgb).map_err(StageError::action)?;
        read.push(Asked { crop, target, rgb });
    }
    Ok(read)
}

fn maps(classifier: &Classifier, read: &[Asked]) -> Result<Vec<saliency::Map>, StageError> {
    let asked: Vec<(&Rgb, usize)> = read
        .iter()
        .map(|asked| (&asked.rgb, asked.target.target_class as usize))
        .collect();
    saliency::saliency(classifier, &asked).map_err(StageError::action)
}

/// The maps of images in one network by one method.
fn explain(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    plan: &Plan,
    subjects: &[&Subject],
) -> Result<Outputs, StageError> {
    let read = read(session, plan, subjects)?;
    let network = subjects[0].network.as_ref().expect("a map is of a network");
    let classifier = classifiers.get(network)?;
    let maps = maps(classifier, &read)?;
    let backward = u64::from(classifier.goes_backward());
    let layer = &session.study.networks[network].layer;
    Ok(subjects
        .iter()
        .zip(&read)
        .zip(maps)
        .map(|((subject, asked), map)| {
            let output =
                output(subject, &asked.crop, &asked.target, layer, map)?.passes(1, backward);
            Ok(output.ran(classifier.device().to_string(), classifier.gradient_batch()))
        })
        .collect())
}

/// The maps of images in one network at one depth, where its upper layers are random, by one method.
fn explain_randomized(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    plan: &Plan,
    subjects: &[&Subject],
) -> Result<Outputs, StageError> {
    let read = read(session, plan, subjects)?;
    let network = subjects[0].network.as_ref().expect("a map is of a network");
    let depth = subjects[0].depth.expect("layers are random to a depth");
    let precision = classifiers.precision();
    let ([classifier], cascade) = classifiers.randomized(network, depth, [precision])?;
    let maps = maps(classifier, &read)?;
    let backward = u64::from(classifier.goes_backward());
    let lowest = cascade.random.last().cloned().unwrap_or_default();
    let output = |((subject, asked), map): ((&&Subject, &Asked), saliency::Map)| {
        let row = schema::RandomizedSaliency {
            image: asked.crop.image.clone(),
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
    Ok(subjects.iter().zip(&read).zip(maps).map(output).collect())
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
