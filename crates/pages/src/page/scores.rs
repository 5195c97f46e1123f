//! The sections about areas: their means, their spread over runs and over images.

use maud::{Markup, html};

use super::read;
use crate::figures::{
    Album, Caption, Line, Mark, Row, auc_over_runs, distribution as boxes, series_variable,
};
use crate::results::{AUC, AUC_RELATIVE, Comparison, Group, Measure, Results};
use crate::{Inputs, ReportError, paper, tables};

const NO_SCORES: &str = "There are no scores.";
/// Images whose areas are shown run by run.
const RUN_IMAGES: usize = 3;

pub(super) fn mean_auc(results: &Results<'_>) -> Markup {
    html! {
        (read(
            "Mean AUC: first over the runs of an image, then over images, in units of probability times superpixels. Std over images: of \
            the images' means, with n − 1. Pooled std: of all image × run values together. AUC / steps divides by the number of \
            superpixels, so it lies from 0 to 1; relative AUC divides by the untouched probability too, and is the only column \
            that may be compared between networks."
        ))
        @if results.comparisons.is_empty() { p { (NO_SCORES) } } @else { (tables::mean_auc(results).html()) }
        div.reference {
            h4 { "For reference: the paper's own study" }
            (read(
                "Published numbers of another study, with 20 images, AlexNet and ResNet-50. Its images, weights and superpixels are others, so these \
                are not the numbers to expect above; the question is whether the same method comes out ahead. The paper does \
                not say whether its std is over images or over all image × run values."
            ))
            (paper::mean_auc().html())
        }
    }
}

pub(super) fn std_over_runs(results: &Results<'_>) -> Markup {
    html! {
        (read(
            "How much the AUC of one image changes when the same method explains it again with other random numbers: the standard \
            deviation over runs, with n − 1. A small value means that one run can be relied upon. A deterministic method has 0 by \
            construction. The name of an image leads to its pictures."
        ))
        @if results.comparisons.is_empty() { p { (NO_SCORES) } }
        div.side {
            @for comparison in &results.comparisons { (by_image(results, comparison)) }
        }
        div.reference {
            h4 { "For reference: the paper's three images" }
            (read("Standard deviation over 10 runs in the published study, for images of its own."))
            (paper::std_over_runs().html())
        }
    }
}

/// A row for each image, mean and standard deviation of each method beside each other.
fn by_image(results: &Results<'_>, comparison: &Comparison<'_>) -> Markup {
    let groups = &comparison.groups;
    let heading = results.heading(&comparison.condition);
    let has = |image: &&&str| {
        groups
            .iter()
            .any(|group| group.images.contains_key(**image))
    };
    html! {
        div {
            h3 { (heading) }
            div.scroll.tall tabindex="0" role="region" aria-label={ "std over runs, " (heading) } {
                table {
                    thead {
                        tr {
                            th scope="col" rowspan="2" { "Image" }
                            @for group in groups { th scope="colgroup" colspan="2" { (group.method) } }
                        }
                        tr { @for _ in groups {
                            th.number scope="col" { "Mean AUC" } th.number scope="col" { "Std over runs" }
                        } }
                    }
                    tbody { @for image in results.images.iter().filter(has) {
                        tr {
                            td { a href={ "#image-" (results.image_number(image)) } { (image) } }
                            @for group in groups { (image_cells(group, image)) }
                        }
                    } }
                }
            }
        }
    }
}

fn image_cells(group: &Group<'_>, image: &str) -> Markup {
    let number = |value: Option<f64>, reason: &str| {
        html! {
            @if let Some(value) = value { td.number { (format!("{value:.3}")) } }
            @else { td.absent { "– (" (reason) ")" } }
        }
    };
    html! {
        (number(group.image_mean(image, AUC), "not explained"))
        @if group.images.contains_key(image) { (number(group.std_over_runs(image), "one run")) }
        @else { (number(None, "not explained")) }
    }
}

pub(super) fn runs(
    inputs: &Inputs,
    results: &Results<'_>,
    album: &mut Album,
) -> Result<Markup, ReportError> {
    let images = run_images(results);
    let last = inputs.scores.iter().map(|score| score.run + 1).max();
    let runs = last.unwrap_or(0);
    if runs < 2 || images.is_empty() {
        return Ok(
            html! { p { "– There is one run or none, so there is nothing to follow from run to run." } },
        );
    }
    let mut panels = Vec::new();
    for comparison in &results.comparisons {
        panels.push((
            results.heading(&comparison.condition),
            run_panels(results, comparison, &images, runs, album)?,
        ));
    }
    Ok(html! {
        (read(
            "Each point is the AUC of one explanation of the image. A flat line without points is a deterministic method: the same \
            in every run. The images are those whose AUC differs least, middling and most between runs; all numbers are in \
            tables/auc_by_run.csv."
        ))
        (legend(results))
        @for (heading, panels) in panels { h3 { (heading) } div.panels { @for panel in panels { (panel) } } }
    })
}

/// The images with the least, the middle and the greatest standard deviation over runs, as a mean over all groups that have one.
fn run_images<'a>(results: &Results<'a>) -> Vec<&'a str> {
    let spread = |image: &str| {
        let deviations: Vec<f64> = results
            .groups()
            .filter(|group| !group.deterministic)
            .filter_map(|group| group.std_over_runs(image))
            .collect();
        statistics::mean(&deviations).unwrap_or(0.0)
    };
    let mut images = results.images.clone();
    images.sort_by(|a, b| spread(a).total_cmp(&spread(b)));
    if images.len() <= RUN_IMAGES {
        return images;
    }
    let last = images.len() - 1;
    vec![images[0], images[last / 2], images[last]]
}

fn run_panels(
    results: &Results<'_>,
    comparison: &Comparison<'_>,
    images: &[&str],
    runs: u32,
    album: &mut Album,
) -> Result<Vec<Markup>, ReportError> {
    let groups = &comparison.groups;
    let all = groups.iter().flat_map(|group| group.images.iter());
    let shown = all.filter(|(image, _)| images.contains(image));
    let largest = shown
        .flat_map(|(_, scores)| scores)
        .map(|score| score.auc)
        .fold(0.0, f64::max);
    let heading = results.heading(&comparison.condition);
    let mut panel = |image: &&str| {
        let label = Caption::new(
            &["runs", image, &heading],
            format!("AUC of {image} by run, {heading}"),
        );
        let figure = auc_over_runs(label, &lines(groups, image), runs, largest)?;
        Ok(html! { figure { figcaption { (image) } (album.show(figure)) } })
    };
    images.iter().map(&mut panel).collect()
}

fn lines(groups: &[Group<'_>], image: &str) -> Vec<Line> {
    let line = |group: &Group<'_>| {
        let scores = group.images.get(image)?;
        Some(Line {
            series: group.series,
            deterministic: group.deterministic,
            values: scores.iter().map(|score| (score.run, score.auc)).collect(),
        })
    };
    groups.iter().filter_map(line).collect()
}

/// The methods with their colours and signs.
fn legend(results: &Results<'_>) -> Markup {
    let deterministic = |series: usize| {
        let mut groups = results.groups().filter(|group| group.series == series);
        groups.all(|group| group.deterministic)
    };
    html! {
        div.legend {
            @for (series, method) in results.methods.iter().enumerate() {
                span {
                    b style={ "color:var(" (series_variable(series)) ")" } aria-hidden="true" {
                        @if deterministic(series) { "—" } @else { (Mark::of(series).sign()) }
                    }
                    " " (method) @if deterministic(series) { " (deterministic)" }
                }
            }
        }
    }
}

pub(super) fn distribution(
    results: &Results<'_>,
    album: &mut Album,
) -> Result<Markup, ReportError> {
    let mut panels = Vec::new();
    let largest = results
        .groups()
        .flat_map(|group| group.image_means(AUC_RELATIVE))
        .fold(0.0, f64::max);
    for comparison in &results.comparisons {
        let own = comparison
            .groups
            .iter()
            .flat_map(|group| group.image_means(AUC))
            .fold(0.0, f64::max);
        let heading = results.heading(&comparison.condition);
        panels.push(box_panel(
            comparison,
            &heading,
            "AUC (probability × superpixels)",
            AUC,
            own,
            album,
        )?);
        panels.push(box_panel(
            comparison,
            &heading,
            "relative AUC (no unit)",
            AUC_RELATIVE,
            largest,
            album,
        )?);
    }
    Ok(html! {
        (read(
            "Each point is an image (the mean over its runs). The box reaches from the lower to the upper quartile, its thick line is \
            the median, and the whiskers end at the smallest and the largest value. First AUC, on a scale of its own for each \
            network; then relative AUC, on one scale for all, which may be compared between networks; above 1 the class became \
            more probable while superpixels were removed."
        ))
        @if panels.is_empty() { p { (NO_SCORES) } }
        div.panels.wide { @for panel in panels { (panel) } }
        details { summary { "The numbers of the boxes" } (tables::distribution(results).html()) }
    })
}

fn box_panel(
    comparison: &Comparison<'_>,
    heading: &str,
    axis: &str,
    measure: Measure,
    largest: f64,
    album: &mut Album,
) -> Result<Markup, ReportError> {
    let row = |group: &Group<'_>| Row {
        method: group.method.to_owned(),
        series: group.series,
        values: group.image_means(measure),
    };
    let rows: Vec<Row> = comparison.groups.iter().map(row).collect();
    let figure = boxes(
        Caption::new(
            &["distribution", heading],
            format!("Distribution over images of {axis}, {heading}"),
        ),
        axis,
        &rows,
        largest,
    )?;
    Ok(html! { figure { figcaption { (heading) } (album.show(figure)) } })
}
