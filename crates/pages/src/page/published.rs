//! The tables and figures of the published study, of this one: areas, their spread over images and runs, and single cases.

use maud::{Markup, html};

use super::words::{plural, read};
use crate::cases::Cases;
use crate::explorer::link;
use crate::figures::{Album, Caption, Line, Row, auc_over_runs, distribution as boxes, span};
use crate::results::{AUC, Comparison, Group, Results};
use crate::rows::Rows;
use crate::{Inputs, ReportError, paper, tables};

/// Images whose areas are shown run by run.
const RUN_IMAGES: usize = 3;

pub(super) fn section(
    inputs: &Inputs,
    results: &Results<'_>,
    rows: &Rows<'_>,
    album: &mut Album,
) -> Result<Markup, ReportError> {
    let all = tables::mean_auc(inputs, results, false);
    let main = tables::mean_auc(inputs, results, true);
    let rest = all.rows.len() > main.rows.len();
    Ok(html! {
        p.read {
            "Mean AUC: the mean over the runs of each image, then over images, in units of " (inputs.measured.name()) " times superpixels, with \
                its interval. Std over images: the standard deviation of the images' means (n − 1). Std over runs: the standard deviation over the \
                runs of an image, averaged over images. It is 0 by construction for methods that draw no random numbers."
        }
        @if paper::is_the_published_study(inputs) {
            div.side {
                div { (main.html()) }
                div { h4 { "The published numbers" } (paper::mean_auc().html()) }
            }
        } @else { (main.html()) }
        @if rest { details { summary { "All partitions, orders and replacements" } (all.html()) } }
        (reference(inputs))
        h3 { "Spread over images" }
        (distribution(inputs, results, album)?)
        h3 { "From run to run" }
        (runs(inputs, results, album)?)
        details { summary { "Every image: mean AUC and std over runs" } (std_over_runs(results)) }
        h3 #cases { "Single cases" }
        (cases(results, rows, album)?)
    })
}

/// The published numbers, for comparison. The means are left out where the page already shows them next to this study's own.
fn reference(inputs: &Inputs) -> Markup {
    html! {
        details open[paper::is_the_published_study(inputs)] {
            summary { "The published numbers" }
            (read(
                "These numbers are from the study that this program reproduces: 20 images of its own, with AlexNet and ResNet-50 as published. \
                 With other images, weights or superpixels, expect other numbers above, and compare which method comes out ahead. The paper does \
                 not say whether its std is over images or over all image × run values."
            ))
            div.side {
                @if !paper::is_the_published_study(inputs) { (paper::mean_auc().html()) }
                (paper::std_over_runs().html())
            }
        }
    }
}

fn distribution(
    inputs: &Inputs,
    results: &Results<'_>,
    album: &mut Album,
) -> Result<Markup, ReportError> {
    let mut panels = Vec::new();
    for comparison in results.main_comparisons() {
        let heading = results.title(&comparison.condition);
        let row = |group: &Group<'_>| Row {
            method: results.called(group.method).to_owned(),
            series: group.series,
            values: group.image_means(AUC),
        };
        let rows: Vec<Row> = comparison.groups.iter().map(row).collect();
        let caption = Caption::new(
            &["distribution", &heading],
            format!("Distribution of AUC over images, {heading}"),
        );
        let figure = boxes(caption, &inputs.auc_axis(), &rows)?;
        panels.push(html! { figure {
            (album.show(figure))
            figcaption { (heading) ": the less the boxes overlap, the more the methods differ." }
        } });
    }
    Ok(html! {
        (read(
            "Each point is an image (the mean over its runs). The box reaches from the lower to the upper quartile, its thick line is \
            the median, and the whiskers end at the smallest and the largest value."
        ))
        div.panels.wide { @for panel in panels { (panel) } }
        details { summary { "The numbers of the boxes" } (tables::distribution(results).html()) }
    })
}

fn runs(inputs: &Inputs, results: &Results<'_>, album: &mut Album) -> Result<Markup, ReportError> {
    let images = run_images(results);
    let explaining = |score: &&schema::Score| results.explains(&score.method);
    let scores = inputs.scores.iter().filter(explaining);
    let last = scores.map(|score| score.run + 1).max();
    let runs = last.unwrap_or(0);
    if runs < 2 || images.is_empty() {
        return Ok(html! { p { "– There is one run or none, so runs cannot be compared." } });
    }
    let mut panels = Vec::new();
    for comparison in results.main_comparisons() {
        for image in &images {
            let heading = format!("{image}, {}", results.title(&comparison.condition));
            let groups = || comparison.explaining();
            let shown = groups().filter_map(|group| group.images.get(image));
            let areas = span(shown.flatten().map(|score| score.auc));
            let caption = Caption::new(&["runs", &heading], format!("AUC run by run of {heading}"));
            let figure = auc_over_runs(
                caption,
                &inputs.auc_axis(),
                &lines(results, groups(), image),
                runs,
                areas,
            )?;
            panels.push(html! { figure {
                (album.show(figure))
                figcaption { (heading) ": a flatter line means that runs agree better." }
            } });
        }
    }
    Ok(html! {
        (read(
            "Each point is the AUC of one explanation of the image. A flat line without points is a deterministic method, which is the same in \
             every run. The images shown are those whose AUC varies least, moderately and most between runs."
        ))
        div.panels { @for panel in panels { (panel) } }
    })
}

/// The images with the least, the middle and the greatest standard deviation over runs, as a mean over the explaining methods.
fn run_images<'a>(results: &Results<'a>) -> Vec<&'a str> {
    let spread = |image: &str| {
        let groups = results
            .groups()
            .filter(|group| !group.deterministic && results.explains(group.method));
        let deviations: Vec<f64> = groups
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

fn lines<'g, 'a: 'g>(
    results: &Results<'_>,
    groups: impl Iterator<Item = &'g Group<'a>>,
    image: &str,
) -> Vec<Line> {
    let line = |group: &Group<'_>| {
        let scores = group.images.get(image)?;
        Some(Line {
            name: results.called(group.method).to_owned(),
            series: group.series,
            deterministic: group.deterministic,
            values: scores.iter().map(|score| (score.run, score.auc)).collect(),
        })
    };
    groups.filter_map(line).collect()
}

fn std_over_runs(results: &Results<'_>) -> Markup {
    html! { div.side { @for comparison in results.main_comparisons() { (by_image(results, comparison)) } } }
}

/// A row for each image, mean and standard deviation of each method beside each other.
fn by_image(results: &Results<'_>, comparison: &Comparison<'_>) -> Markup {
    let groups: Vec<_> = comparison.explaining().collect();
    let heading = results.title(&comparison.condition);
    let has = |image: &&&str| {
        groups
            .iter()
            .any(|group| group.images.contains_key(**image))
    };
    html! {
        div {
            h4 { (heading) }
            div.scroll.tall tabindex="0" role="region" aria-label={ "std over runs, " (heading) } {
                table {
                    thead {
                        tr {
                            th scope="col" rowspan="2" { "Image" }
                            @for group in &groups { th scope="colgroup" colspan="2" { (results.called(group.method)) } }
                        }
                        tr { @for _ in &groups {
                            th.number scope="col" { "Mean AUC" } th.number scope="col" { "Std over runs" }
                        } }
                    }
                    tbody { @for image in results.images.iter().filter(has) {
                        tr {
                            td { a href=(link(&[("image", image), ("network", comparison.condition.network)])) { (image) } }
                            @for group in &groups { (image_cells(group, image)) }
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

/// Methods whose cases are shown; the others are folded.
const SHOWN_CASES: usize = 2;

fn cases(results: &Results<'_>, rows: &Rows<'_>, album: &mut Album) -> Result<Markup, ReportError> {
    let mut shown = Vec::new();
    for comparison in results.main_comparisons() {
        let Some(cases) = Cases::new(results, comparison, rows)? else {
            continue;
        };
        let figures: Vec<Markup> = cases
            .figures
            .into_iter()
            .map(|(words, figure)| {
                html! { figure.case {
                    (album.show(figure))
                    figcaption { (words) ": the explanation, its removal curve, and the image at the marked steps." }
                } }
            })
            .collect();
        shown.push(html! {
            h4 {
                a href=(link(&[("image", cases.image), ("network", cases.network)])) { (cases.image) } " in " (cases.network)
                ": explained class " (cases.target.target_label) ", probability " (format!("{:.3}", cases.target.probability)) " before removal"
            }
            @let (first, more) = figures.split_at(figures.len().min(SHOWN_CASES));
            @for figure in first { (figure) }
            @if !more.is_empty() {
                details { summary { (plural(more.len(), "other method")) } @for figure in more { (figure) } }
            }
        });
    }
    Ok(html! {
        (read(
            "For each network, this is the image whose difference between the two best methods is nearest the median of all images. Of several \
             runs, the one nearest the median is shown. The points on a curve mark the pictures below it."
        ))
        @for case in shown { (case) }
    })
}
