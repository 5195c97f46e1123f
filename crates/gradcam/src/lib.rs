//! The stage `gradcam`.

pub mod saliency;

use imaging::Rgb;
use infer::Classifiers;
use stage::{Output, Outputs, Session, StageError, digest_of};
use study::Kind;
use study::plan::{Plan, Subject, facet};

/// Images whose crops are in memory together.
const TOGETHER: usize = 64;

/// Brings `saliency` up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    let classifiers = Classifiers::on_each_device(session)?;
    let together = |subject: &Subject| {
        let images = subject.image.map(|image| image / TOGETHER);
        (subject.network.clone(), subject.method.clone(), images)
    };
    let explain = |classifiers: &mut Classifiers<'_>, plan: &Plan, subjects: &[&Subject]| {
        explain(session, classifiers, plan, subjects)
    };
    session.in_groups(Kind::Saliency, together, &classifiers, explain)
}

/// The maps of images in one network by one method.
fn explain(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    plan: &Plan,
    subjects: &[&Subject],
) -> Result<Outputs, StageError> {
    let mut read = Vec::new();
    for subject in subjects {
        let crop = session.read_one::<schema::Crop>(plan, Kind::Crops, &subject.crop())?;
        let target = session.read_one::<schema::Target>(plan, Kind::Targets, &subject.network())?;
        let rgb = imaging::decode(&crop.rgb).map_err(StageError::action)?;
        read.push((crop, target, rgb));
    }
    let asked: Vec<(&Rgb, usize)> = read
        .iter()
        .map(|(_, target, rgb)| (rgb, target.target_class as usize))
        .collect();
    let network = subjects[0].network.as_ref().expect("a map is of a network");
    let classifier = classifiers.get(network)?;
    let maps = saliency::saliency(classifier, &asked).map_err(StageError::action)?;
    let backward = u64::from(classifier.goes_backward());
    let layer = &session.study.networks[network].layer;
    Ok(subjects
        .iter()
        .zip(&read)
        .zip(maps)
        .map(|((subject, (crop, target, _)), map)| {
            let output = output(subject, crop, target, layer, map)?.passes(1, backward);
            Ok(output.ran(classifier.device().to_string(), classifier.gradient_batch()))
        })
        .collect())
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
        method: subject
            .method
            .as_ref()
            .expect("a map is of a method")
            .to_string(),
        layer: layer.to_owned(),
        target_class: target.target_class,
        height: map.height as u32,
        width: map.width as u32,
        map: map.values,
    };
    Ok(Output::new(&[row], target)?.facet(facet::MAP, digest))
}
