//! Which kinds of action read which: the drawing in ARCHITECTURE.md as a table, and what follows from it for single actions.

use std::sync::LazyLock;

use super::{Action, Plan, Subject};
use crate::Kind;

/// The kinds whose results an action of this kind reads itself.
pub fn reads(kind: Kind) -> &'static [Kind] {
    match kind {
        Kind::Crops => &[],
        Kind::Segments | Kind::Logits => &[Kind::Crops],
        Kind::Targets => &[Kind::Logits],
        Kind::Saliency => &[Kind::Crops, Kind::Targets],
        Kind::Perturbations | Kind::Deletions => &[Kind::Crops, Kind::Segments, Kind::Targets],
        Kind::Weights | Kind::Agreement => &[Kind::Segments, Kind::Perturbations],
        Kind::Relevances => &[
            Kind::Crops,
            Kind::Segments,
            Kind::Targets,
            Kind::Saliency,
            Kind::Weights,
        ],
        Kind::Curves => &[Kind::Crops, Kind::Segments, Kind::Targets, Kind::Relevances],
        Kind::Scores => &[
            Kind::Segments,
            // For the labels in `exclusions`.
            Kind::Logits,
            Kind::Targets,
            Kind::Relevances,
            Kind::Curves,
        ],
        Kind::Sanity => &[Kind::Relevances],
        Kind::Measure(measure) => &MEASURES[measure.place()],
        Kind::Comparisons => &COMPARED,
        Kind::Report => &REPORTED,
    }
}

/// What each measure reads.
static MEASURES: LazyLock<Vec<Vec<Kind>>> = LazyLock::new(|| {
    let kinds = |measure: &measures::Declared| {
        let tables = measure.reads();
        let read = |kind: &Kind| tables.contains(kind.name());
        Kind::ALL.into_iter().filter(read).collect()
    };
    measures::kinds::ALL.iter().map(kinds).collect()
});

/// What methods are compared by.
static COMPARED: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let compares = |measure: &measures::Kind| measure.declared().compares();
    let measures = measures::Kind::ALL.into_iter().filter(compares);
    let measures = measures.map(Kind::Measure);
    [Kind::Scores].into_iter().chain(measures).collect()
});

/// What the report shows.
static REPORTED: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    const HIDDEN: [Kind; 4] = [
        Kind::Logits,
        Kind::Perturbations,
        Kind::Deletions,
        Kind::Report,
    ];
    let shown = |kind: &Kind| !HIDDEN.contains(kind);
    Kind::ALL.into_iter().filter(shown).collect()
});

/// The actions that read this one, directly or not.
pub fn readers<'a>(
    plan: &'a Plan,
    kind: Kind,
    subject: &'a Subject,
) -> impl Iterator<Item = &'a Action> {
    plan.all()
        .filter(move |action| reach(action.kind, kind) && touch(subject, &action.subject))
}

/// The actions that this one reads, directly or not.
pub fn read<'a>(
    plan: &'a Plan,
    kind: Kind,
    subject: &'a Subject,
) -> impl Iterator<Item = &'a Action> {
    plan.all()
        .filter(move |action| reach(kind, action.kind) && touch(&action.subject, subject))
}

/// The actions that this one reads itself.
pub fn inputs<'a>(
    plan: &'a Plan,
    kind: Kind,
    subject: &'a Subject,
) -> impl Iterator<Item = &'a Action> {
    let actions = reads(kind).iter().filter_map(|kind| plan.actions.get(kind));
    actions
        .flat_map(move |actions| actions.of_image(subject.image))
        .filter(move |action| touch(&action.subject, subject))
}

/// Whether actions of `kind` read those of `other`, directly or not.
fn reach(kind: Kind, other: Kind) -> bool {
    reads(kind)
        .iter()
        .any(|&read| read == other || reach(read, other))
}

/// Whether an action about `early` can matter to one about `late`: a later action is about the same, and about more, or about the whole study.
fn touch(early: &Subject, late: &Subject) -> bool {
    fn same<T: PartialEq>(early: Option<&T>, late: Option<&T>) -> bool {
        early.is_none() || early == late
    }
    *late == Subject::default()
        || same(early.image.as_ref(), late.image.as_ref())
            && same(early.network.as_ref(), late.network.as_ref())
            && same(early.partition.as_ref(), late.partition.as_ref())
            && same(early.method.as_ref(), late.method.as_ref())
            && same(early.run.as_ref(), late.run.as_ref())
            && same(early.replacement.as_ref(), late.replacement.as_ref())
            && same(early.depth.as_ref(), late.depth.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Order, Replacement};

    #[test]
    fn what_is_read_comes_earlier() {
        for kind in Kind::ALL {
            assert!(reads(kind).iter().all(|read| *read < kind), "{kind}");
        }
        assert!(reach(Kind::Report, Kind::Crops) && reach(Kind::Curves, Kind::Perturbations));
        assert!(!reach(Kind::Saliency, Kind::Segments) && !reach(Kind::Crops, Kind::Report));
    }

    #[test]
    fn an_action_matters_to_those_about_the_same_and_more() {
        let image = |image| Subject {
            image: Some(image),
            ..Subject::default()
        };
        let run = Subject {
            run: Some(1),
            ..image(0)
        };
        assert!(touch(&image(0), &run) && touch(&run, &Subject::default()));
        assert!(!touch(&image(1), &run) && !touch(&run, &image(0)));
        // An order that was searched for with a replacement is that of curves with it.
        let [searched, other] =
            [Replacement::Mean, Replacement::Black].map(|replacement| Subject {
                replacement: Some(replacement),
                ..run.clone()
            });
        let judged = Subject {
            order: Some(Order::default()),
            ..searched.clone()
        };
        assert!(touch(&run, &judged) && touch(&searched, &judged) && !touch(&other, &judged));
    }
}
