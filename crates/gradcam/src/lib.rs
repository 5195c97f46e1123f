//! The stage `gradcam`.

pub mod saliency;

use infer::Classifiers;
use stage::{Output, Session, StageError, digest_of};
use study::Kind;
use study::plan::{Plan, Subject, facet};

/// Brings `saliency` up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    let mut classifiers = Classifiers::new(session);
    session.in_turn(Kind::Saliency, |plan, subject| {
        explain(session, &mut classifiers, plan, subject)
    })
}

fn explain(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    plan: &Plan,
    subject: &Subject,
) -> Result<Output, StageError> {
    let crop = session.read_one::<schema::Crop>(plan, Kind::Crops, &subject.crop())?;
    let target = session.read_one::<schema::Target>(plan, Kind::Targets, &subject.network())?;
    let rgb = imaging::decode(&crop.rgb).map_err(StageError::action)?;
    let network = subject.network.as_ref().expect("a map is of a network");
    let classifier = classifiers.get(network)?;
    let map = saliency::saliency(classifier, &[(&rgb, target.target_class as usize)])
        .map_err(StageError::action)?
        .remove(0);
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
        image: crop.image,
        network: network.to_string(),
        method: subject
            .method
            .as_ref()
            .expect("a map is of a method")
            .to_string(),
        layer: session.study.networks[network].layer.to_owned(),
        target_class: target.target_class,
        height: map.height as u32,
        width: map.width as u32,
        map: map.values,
    };
    Ok(Output::new(&[row], &target)?
        .facet(facet::MAP, digest)
        .passes(1, u64::from(classifier.goes_backward())))
}
