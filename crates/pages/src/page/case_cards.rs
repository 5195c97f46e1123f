//! The section of single cases: a card for each condition and method, and in it one image at a time.

use maud::{Markup, html};

use super::{plural, read};
use crate::cases::{Case, Cases, Explanation, Frame};
use crate::pictures::Picture;
use crate::results::{Comparison, Group, Results};
use crate::scale::{DIVERGING, SEQUENTIAL, Scale};
use crate::{Inputs, duckdb};

pub(super) fn section(inputs: &Inputs, results: &Results<'_>, cases: &Cases<'_>) -> Markup {
    let mut first = 0;
    let mut conditions = Vec::new();
    for comparison in &results.comparisons {
        conditions.push((comparison, first));
        first += comparison.groups.len();
    }
    html! {
        (read(
            "What a method says about an image, and what happens when superpixels are removed in its order. Each card begins with the \
            image whose AUC lies nearest the median for its network and method; of several runs, the one nearest the median of \
            the image's runs is shown. The points on a curve are the pictures above it; the shaded area is the AUC."
        ))
        @if cases.cases.is_empty() { p { "There are no scores." } } @else { (chooser(results, cases)) }
        @for (comparison, first) in conditions {
            h3 { (results.heading(&comparison.condition)) }
            (cards(inputs, results, cases, comparison, first))
        }
    }
}

fn chooser(results: &Results<'_>, cases: &Cases<'_>) -> Markup {
    html! {
        div.chooser {
            label for="image" { "Image:" }
            select id="image" {
                option value="" { "nearest the median, for each card" }
                @for image in &cases.images { option value=(results.image_number(image)) { (image) } }
            }
        }
        @if cases.images.len() < results.images.len() {
            p.quiet {
                "The report has room for " (cases.images.len()) " of " (plural(results.images.len(), "image"))
                " here, the first by name; the tables have all of them."
            }
        }
    }
}

fn cards(
    inputs: &Inputs,
    results: &Results<'_>,
    cases: &Cases<'_>,
    comparison: &Comparison<'_>,
    first: usize,
) -> Markup {
    html! {
        div.cases {
            @for (place, group) in comparison.groups.iter().enumerate() {
                @let median = group.median_image().unwrap_or_default();
                div.card data-median=(results.image_number(median)) {
                    h4 { (group.method) }
                    p.missing hidden { "This method has no explanation of this image." }
                    @for case in cases.cases.iter().filter(|case| case.group == first + place) {
                        div data-image=(results.image_number(case.image)) hidden[case.image != median] {
                            (content(inputs, results, group, case))
                        }
                    }
                }
            }
        }
    }
}

fn content(inputs: &Inputs, results: &Results<'_>, group: &Group<'_>, case: &Case<'_>) -> Markup {
    let score = case.score;
    let runs = group.images[case.image].len();
    html! {
        p {
            b { (case.image) } ": explained class " b { (case.target.target_label) } ", probability "
            (format!("{:.3}", case.target.probability)) " untouched. AUC " b { (format!("{:.3}", score.auc)) } " of "
            (plural(case.superpixels as usize, "superpixel"))
            @if group.deterministic { ", the same in every run" } @else { ", run " (score.run) " of " (runs) ", counted from 0" }
            @if let Some(tied) = score.tied.filter(|tied| *tied > 0) { "; " (tied) " share their relevance with another" }
            "."
        }
        div.pictures {
            figure { (shown(&case.crop, &format!("{} as the network sees it", case.image))) figcaption { "image" } }
            @if let Some(borders) = &case.borders {
                figure { (shown(borders, &format!("superpixels of {}", case.image))) figcaption { "superpixels" } }
            }
            (explanation(case))
        }
        (removal(case))
        figure { (case.curve.inline()) }
        details {
            summary { "Find these numbers" }
            pre.line { (command(inputs, results, case, "curves")) }
            pre.line { (command(inputs, results, case, "scores")) }
        }
    }
}

fn explanation(case: &Case<'_>) -> Markup {
    let name = case.image;
    html! {
        @match &case.explanation {
            Explanation::Map { enlarged, pooled, layer, height, width, most, pooled_most } => {
                figure {
                    (shown(enlarged, &format!("heat map over {name}")))
                    (legend(SEQUENTIAL, ["0", "", &format!("{most:.3}")], "relevance, logits"))
                    figcaption { "map of " code { (layer) } ", " (height) "×" (width) ", enlarged" }
                }
                figure {
                    (shown(pooled, &format!("mean of the heat map in each superpixel of {name}")))
                    (legend(SEQUENTIAL, ["0", "", &format!("{pooled_most:.3}")], "relevance, logits"))
                    figcaption { "mean in each superpixel: the order of removal" }
                }
                @if *most <= 0.0 { p.quiet { "The map is 0 everywhere: nothing in this layer speaks for the class." } }
            }
            Explanation::Weights { picture, most, r2 } => {
                figure {
                    (shown(picture, &format!("weights of the superpixels of {name}")))
                    (legend(DIVERGING, [&format!("−{most:.3}"), "0", &format!("+{most:.3}")], "weight, probability"))
                    figcaption {
                        "weights: red speaks for the class, blue against it. Weighted R² of the surrogate " (format!("{r2:.3}"))
                    }
                }
            }
            Explanation::None => { p.quiet { "The study holds neither a map nor weights of this method." } }
        }
    }
}

fn legend(scale: Scale, ends: [&str; 3], unit: &str) -> Markup {
    html! {
        span.scale style={ "background:" (scale.css()) } {}
        span.ends { @for end in ends { span { (end) } } }
        span.ends { (unit) }
    }
}

fn removal(case: &Case<'_>) -> Markup {
    html! {
        @match &case.removal {
            Some(frames) => { ol.strip { @for frame in frames { li { (frame_item(case, frame)) } } } }
            None => {
                p.quiet {
                    "– The pictures of the removal are not drawn: the replacement " (case.score.replacement)
                    " depends on what is already removed, so it is not one image."
                }
            }
        }
    }
}

fn frame_item(case: &Case<'_>, frame: &Frame) -> Markup {
    let alt = format!(
        "{} with {} removed",
        case.image,
        plural(frame.step as usize, "superpixel")
    );
    html! { (shown(&frame.picture, &alt)) strong { (format!("{:.3}", frame.probability)) } br; (frame.step) " removed" }
}

fn shown(picture: &Picture, alt: &str) -> Markup {
    html! { img src=(picture.address) alt=(alt) width=(picture.width) height=(picture.height) loading="lazy" decoding="async"; }
}

/// The line that finds the rows of a case, naming of its condition only what differs within the study.
fn command(inputs: &Inputs, results: &Results<'_>, case: &Case<'_>, table: &str) -> String {
    let score = case.score;
    let run = score.run.to_string();
    let varying = [
        (results.varying.partition, "partition", &score.partition),
        (results.varying.order, "order", &score.order),
        (
            results.varying.replacement,
            "replacement",
            &score.replacement,
        ),
    ];
    let mut filters = vec![
        ("image", score.image.as_str()),
        ("network", &score.network),
        ("method", &score.method),
    ];
    let differing = varying.iter().filter(|(varies, ..)| *varies);
    filters.extend(differing.map(|(_, column, value)| (*column, value.as_str())));
    let latest = &inputs.provenance.latest;
    if table == "curves" {
        filters.push(("run", &run));
        return duckdb::command(
            latest,
            table,
            "step, superpixel, probability",
            &filters,
            "step",
        );
    }
    duckdb::command(
        latest,
        table,
        "run, auc, auc_mean, auc_relative",
        &filters,
        "run",
    )
}
