//! Whether a study drops all of its images.

use super::{Action, Plan, facet};
use crate::settings::images::Target;
use crate::{Kind, Problem, Sources, Study};

/// What is known of an image that a network has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Answered {
    image: usize,
    /// The class that is explained.
    class: u64,
    /// Whether the prediction is the label's class.
    correct: bool,
}

impl Plan {
    /// What is wrong where `require_correct` drops every image of the study; none while a network has yet to answer.
    pub fn nothing_left(&self, study: &Study, sources: &Sources) -> Option<Problem> {
        if !study.images.require_correct || sources.is_empty() {
            return None;
        }
        let actions: Vec<&Action> = self.of(Kind::Targets).collect();
        let mut from_one = study.images.target == Target::Predicted && !actions.is_empty();
        for of_image in actions.chunk_by(|one, next| one.subject.image == next.subject.image) {
            let answered = of_image.iter().map(|action| self.answered(action));
            let answers: Vec<Answered> = answered.collect::<Option<_>>()?;
            if answers.iter().all(|answer| answer.correct) {
                return None;
            }
            from_one &= answers.iter().all(|answer| {
                let label = sources.image(answer.image).true_class;
                label.is_some_and(|label| label as u64 == answer.class + 1)
            });
        }
        (!actions.is_empty()).then(|| problem(sources.len(), from_one))
    }

    fn answered(&self, action: &Action) -> Option<Answered> {
        let facets = self.summary(action)?.facets;
        Some(Answered {
            image: action.subject.image?,
            class: facets.get(facet::TARGET_CLASS)?.as_u64()?,
            correct: facets.get(facet::CORRECT)?.as_bool()?,
        })
    }
}

/// The mistake of a study of so many images, none of which every network gets right.
fn problem(images: usize, from_one: bool) -> Problem {
    let title = format!(
        "no image is left: a network gets each of the {images} images wrong, and `require_correct = true` drops such images"
    );
    Problem::new(title).help(remedy(from_one))
}

/// What to do where networks get all images wrong; `from_one` says that the labels are the predicted classes plus 1.
pub fn remedy(from_one: bool) -> &'static str {
    if from_one {
        "the labels are the predicted classes plus 1. Do they count from 1? Classes count from 0: subtract 1 from each label, or write the names of the classes"
    } else {
        "check the labels, the class list and the normalisation of the networks, or set `require_correct = false` in [images]"
    }
}
