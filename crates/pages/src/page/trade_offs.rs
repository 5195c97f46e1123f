//! What a method achieves at what cost, and under which conditions the ranking of the methods changes.

use std::collections::BTreeMap;

use maud::{Markup, html};
use schema::{Agreement, CurveStep, Decision};
use statistics::mean;

use super::words::{decimals, interval, read};
use crate::decided::{Answers, Fidelity, is_ahead};
use crate::figures::{
    Album, Caption, Curve, Pair, Point, Ranked, agreement, experience, paired, ranking, ranks,
    trade_off,
};
use crate::results::{AUC, Comparison, Group, Results, both, place};
use crate::{Inputs, ReportError};

/// A number of a step.
type Quantity = fn(&CurveStep) -> Option<f64>;

/// Most images in a figure of pairs.
const MOST_PAIRS: usize = 40;
/// Places along the share of removed pixels at which curves are read.
const SHARES: usize = 11;

pub(super) fn section(
    inputs: &Inputs,
    results: &Results<'_>,
    answers: &Answers<'_>,
    album: &mut Album,
) -> Result<Markup, ReportError> {
    let main = results.main_comparisons();
    Ok(html! {
        @if main.iter().all(|comparison| comparison.condition.lower_is_better()) {
            (read(
                "Low and left is good: faithful, and cheap or repeatable. The line through a mark is the interval of the mean over images. The staircase joins \
                 the methods that no other method beats with as few passes. A method above the line of the random order is no better than chance."
            ))
        } @else {
            (read(
                "High and left is good: faithful, and cheap or repeatable. The least relevant superpixels go first. The line through a mark is the \
                 interval of the mean over images. The staircase joins the methods that no other method beats with as few passes. A method below \
                 the line of the random order is no better than chance."
            ))
        }
        @for comparison in main {
            figure.wide {
                (album.show(beside_costs(inputs, results, comparison)?))
                figcaption {
                    (comparison.condition.network) ": faithfulness against cost on the left, and against the change from run to run on the right."
                }
            }
        }
        h3 #groups { "Which methods differ significantly?" }
        (told_apart(inputs, results, album)?)
        h3 { "Image by image" }
        (by_image(inputs, results, album)?)
        h3 #checks { "Does the answer hold under other conditions?" }
        (checks(results, answers))
        h3 #samples { "How many samples until two runs agree?" }
        (samples(inputs, results, album)?)
        (replacements(inputs, results, album)?)
        h3 { "How sure is the network of the changed images?" }
        (out_of_experience(inputs, results, album)?)
    })
}

fn beside_costs(
    inputs: &Inputs,
    results: &Results<'_>,
    comparison: &Comparison<'_>,
) -> Result<crate::figures::Figure, ReportError> {
    let condition = comparison.condition;
    let passes = |method: &str| {
        let cost = inputs
            .explanation_costs
            .iter()
            .find(|cost| cost.network == condition.network && cost.method == method)?;
        let passes = cost.forward_passes? + cost.backward_passes;
        (cost.explanations > 0).then(|| passes as f64 / cost.explanations as f64)
    };
    let groups = comparison.explaining();
    let point = |group: &Group<'_>| {
        Some(Point {
            name: results.called(group.method).to_owned(),
            series: group.series,
            access: access(inputs, group.method).to_owned(),
            area: group.mean(AUC)?,
            interval: condition.interval(inputs, group.method),
            passes: passes(group.method),
            deviation: group.mean_std_over_runs(),
        })
    };
    let points: Vec<Point> = groups.filter_map(point).collect();
    let mut random = inputs.random().filter_map(|name| comparison.group(name));
    let chance = random.next().and_then(|group| group.mean(AUC));
    let heading = results.title(&condition);
    let caption = Caption::new(
        &["trade-off", &heading],
        format!(
            "Mean AUC by network passes for an explanation, and by standard deviation over runs, {heading}"
        ),
    );
    trade_off(caption, &points, chance, condition.lower_is_better())
}

/// What a method needs access to.
fn access<'i>(inputs: &'i Inputs, method: &str) -> &'i str {
    let known = inputs.methods.iter().find(|known| known.name == method);
    known.map_or("", |known| known.access.as_str())
}

/// All methods and controls by mean rank, with the groups that do not differ significantly.
fn told_apart(
    inputs: &Inputs,
    results: &Results<'_>,
    album: &mut Album,
) -> Result<Markup, ReportError> {
    let mut panels = Vec::new();
    for comparison in results.main_comparisons() {
        let place = comparison.condition.place("auc");
        let here = inputs.summaries.iter().filter(|row| place!(row) == place);
        let ranked = here.filter_map(|row| {
            let groups = row.groups.as_deref()?.split(' ');
            Some(Ranked {
                name: results.called(&row.method).to_owned(),
                series: results.series(&row.method),
                rank: row.mean_rank?,
                groups: groups.map(str::to_owned).collect(),
            })
        });
        let mut ranked: Vec<Ranked> = ranked.collect();
        if ranked.len() < 2 {
            continue;
        }
        ranked.sort_by(|a, b| a.rank.total_cmp(&b.rank));
        let heading = results.title(&comparison.condition);
        let caption = Caption::new(
            &["groups", &heading],
            format!(
                "Mean rank of each method, with the groups that do not differ significantly, {heading}"
            ),
        );
        panels.push(html! { figure {
            (album.show(ranking(caption, &ranked)?))
            figcaption { (heading) ": methods that share a bar do not differ significantly." }
        } });
    }
    Ok(html! {
        @if panels.is_empty() { p { "– No image has scores of two methods." } } @else {
            (read(
                "Each image ranks the methods and controls by their AUC; a mark is a method's mean rank. A bar joins methods with no significant \
                 difference between any two (Wilcoxon's signed-rank test, Holm's correction). A method that shares a bar with the best one may be \
                 as good."
            ))
            div.panels.wide { @for panel in panels { (panel) } }
        }
    })
}

fn by_image(
    inputs: &Inputs,
    results: &Results<'_>,
    album: &mut Album,
) -> Result<Markup, ReportError> {
    let mut panels = Vec::new();
    for comparison in results.main_comparisons() {
        let heading = results.title(&comparison.condition);
        let groups: Vec<_> = comparison.explaining().collect();
        let pairs = pairs(results, comparison, &groups);
        let methods: Vec<(usize, &str)> = groups
            .iter()
            .map(|group| (group.series, results.called(group.method)))
            .collect();
        let caption = Caption::new(
            &["images", &heading],
            format!("AUC of each image by method, {heading}"),
        );
        let figure = paired(caption, &inputs.auc_axis(), &methods, &pairs)?;
        panels.push(html! { figure {
            (album.show(figure))
            figcaption { (heading) ": the methods on each image, and how much they vary." }
        } });
    }
    let many = results.images.len() > MOST_PAIRS;
    Ok(html! {
        (read(
            "Each row is an image. A mark is a method's mean over its runs; the thin line reaches from its smallest to its largest run. The images \
             on which the best method leads by most are at the top."
        ))
        @if many { p.quiet { "The figure shows " (MOST_PAIRS) " of the images, evenly spaced in this order." } }
        div.panels.wide { @for panel in panels { (panel) } }
    })
}

/// The images by the lead of the best method.
fn pairs(results: &Results<'_>, comparison: &Comparison<'_>, groups: &[&Group<'_>]) -> Vec<Pair> {
    let best = crate::cases::best_two(results, comparison);
    let lead = |image: &str| match best[..] {
        [first, second] => {
            let means = [first, second].map(|group| group.image_mean(image, AUC));
            let [Some(own), Some(other)] = means else {
                return 0.0;
            };
            comparison.condition.lead(own, other)
        }
        _ => 0.0,
    };
    let mut images: Vec<&str> = results
        .images
        .iter()
        .copied()
        .filter(|image| groups.iter().any(|group| group.images.contains_key(image)))
        .collect();
    images.sort_by(|a, b| lead(b).total_cmp(&lead(a)));
    let count = images.len();
    let shown = count.min(MOST_PAIRS);
    let images = (0..shown).map(|place| {
        images[if shown > 1 {
            place * (count - 1) / (shown - 1)
        } else {
            0
        }]
    });
    let method = |group: &&Group<'_>, image: &str| {
        let scores = group.images.get(image)?;
        let areas = || scores.iter().map(|score| score.auc);
        let range = [
            areas().fold(f64::INFINITY, f64::min),
            areas().fold(0.0, f64::max),
        ];
        Some((group.series, group.image_mean(image, AUC)?, range))
    };
    let pair = |image: &str| Pair {
        image: image.to_owned(),
        methods: groups
            .iter()
            .filter_map(|group| method(group, image))
            .collect(),
    };
    images.map(pair).collect()
}

/// The question of fidelity under every other condition of the study.
fn checks(results: &Results<'_>, answers: &Answers<'_>) -> Markup {
    let none = answers
        .fidelity
        .iter()
        .all(|fidelity| fidelity.checks.is_empty());
    html! {
        @if none { p { "– There are no two explaining methods to compare." } }
        @else {
            (read(
                "Ahead is the best explaining method under that condition. Its lead is certain where the interval of its difference from the next \
                 excludes 0 and the corrected test agrees. Do not compare areas across partitions or replacements; compare which method is ahead."
            ))
            div.scroll tabindex="0" role="region" aria-label="the answer under other conditions" {
                table {
                    thead { tr {
                        th scope="col" { "Network" } th scope="col" { "Condition" } th scope="col" { "Ahead" } th scope="col" { "Next" }
                        th.number scope="col" { "Difference" } th.number scope="col" { "Images better" } th scope="col" { "The answer" }
                    } }
                    tbody {
                        @for fidelity in &answers.fidelity { @for (way, check) in &fidelity.checks {
                            tr {
                                td { (check.network) }
                                td.wrap { (way) }
                                td { (results.called(&check.method)) }
                                td { (check.runner_up.as_deref().map_or("–", |method| results.called(method))) }
                                td.number {
                                    @if let Some(difference) = check.difference {
                                        (decimals(difference)) (interval(both(check.low, check.high)))
                                    } @else { "–" }
                                }
                                td.number { (check.wins) " of " (check.images) }
                                td { (judgement(results, fidelity, check)) }
                            }
                        } }
                    }
                }
            }
        }
    }
}

fn judgement(results: &Results<'_>, fidelity: &Fidelity<'_>, check: &Decision) -> Markup {
    html! {
        @if !is_ahead(check) { "is undecided" }
        @else if !fidelity.decided() { "would be " (results.called(&check.method)) }
        @else if check.flips_when.is_some() { b { "flips" } }
        @else { "holds" }
    }
}

fn samples(
    inputs: &Inputs,
    results: &Results<'_>,
    album: &mut Album,
) -> Result<Markup, ReportError> {
    let level = inputs.needed_samples.first().map(|row| row.level);
    let mut panels = Vec::new();
    for network in &results.networks {
        let lines = by_samples(inputs, results, network);
        if lines.is_empty() {
            continue;
        }
        let caption = Caption::new(
            &["samples", network],
            format!("Rank correlation of the weights of two runs by number of samples, {network}"),
        );
        panels.push(html! { figure {
            (album.show(agreement(caption, &lines, level)?))
            figcaption { (network) ": a higher line means that two runs agree better." }
        } });
    }
    Ok(html! {
        @if panels.is_empty() { p { "– No method draws random numbers, or there is one run." } } @else {
            (read(
                "Each explanation is refitted to its first samples. A point is the mean of Spearman's rank correlation over all pairs of runs and \
                 all images. The dashed line is the agreement to reach (evaluate.agreement)."
            ))
            div.panels.wide { @for panel in panels { (panel) } }
        }
    })
}

/// The mean agreement by method and number of samples.
fn by_samples(inputs: &Inputs, results: &Results<'_>, network: &str) -> Vec<Curve> {
    let mut values = BTreeMap::<(usize, &str, &str), BTreeMap<u32, Vec<f64>>>::new();
    let here = |row: &&Agreement| row.network == network;
    for row in inputs.agreement.iter().filter(here) {
        if let Some(spearman) = row.spearman {
            let method = (
                results.series(&row.method),
                row.method.as_str(),
                row.partition.as_str(),
            );
            values
                .entry(method)
                .or_default()
                .entry(row.samples)
                .or_default()
                .push(spearman);
        }
    }
    let series =
        |((series, method, partition), points): ((usize, &str, &str), BTreeMap<u32, Vec<f64>>)| {
            Curve {
                name: if results.varying.partition {
                    format!("{}, {partition}", results.called(method))
                } else {
                    results.called(method).to_owned()
                },
                series,
                points: points
                    .into_iter()
                    .filter_map(|(samples, values)| Some((f64::from(samples), mean(&values)?)))
                    .collect(),
            }
        };
    values.into_iter().map(series).collect()
}

/// How the ranks of the methods change with the replacement; empty where there is only one.
fn replacements(
    inputs: &Inputs,
    results: &Results<'_>,
    album: &mut Album,
) -> Result<Markup, ReportError> {
    let Some((partition, _)) = results.main.filter(|_| results.varying.replacement) else {
        return Ok(html! {});
    };
    let mut panels = Vec::new();
    for network in &results.networks {
        let mut names: Vec<&str> = Vec::new();
        let mut lines = BTreeMap::<usize, Curve>::new();
        let rows = inputs.summaries.iter().filter(|row| {
            row.network == *network
                && row.partition == partition
                && row.measure == "auc"
                && row.order.as_deref() == Some(results.order)
        });
        for row in rows {
            let Some((replacement, rank)) = row.replacement.as_deref().zip(row.mean_rank) else {
                continue;
            };
            let place = names
                .iter()
                .position(|name| *name == replacement)
                .unwrap_or_else(|| {
                    names.push(replacement);
                    names.len() - 1
                });
            let series = results.series(&row.method);
            let line = lines.entry(series).or_insert_with(|| Curve {
                name: results.called(&row.method).to_owned(),
                series,
                points: Vec::new(),
            });
            line.points.push((place as f64, rank));
        }
        if names.is_empty() {
            continue;
        }
        let lines: Vec<Curve> = lines.into_values().collect();
        let caption = Caption::new(
            &["ranks", network],
            format!("Mean rank of the methods by replacement, {network}"),
        );
        panels.push(html! { figure {
            (album.show(ranks(caption, &names, &lines)?))
            figcaption { (network) ", superpixels by " (partition) ": the ranking is stable where lines do not cross." }
        } });
    }
    Ok(html! {
        h3 { "Does the ranking depend on the replacement?" }
        (read("Each line is a method's rank among all methods, as the mean over images. Where lines cross, the ranking depends on the replacement."))
        div.panels.wide { @for panel in panels { (panel) } }
    })
}

/// How sure the network is of any class while superpixels are removed, by replacement.
fn out_of_experience(
    inputs: &Inputs,
    results: &Results<'_>,
    album: &mut Album,
) -> Result<Markup, ReportError> {
    const QUANTITIES: [(&str, &str, Quantity); 2] = [
        ("largest-probability", "largest probability", |step| {
            step.largest_probability.map(Into::into)
        }),
        ("entropy", "entropy of the answer, nats", |step| {
            step.entropy.map(Into::into)
        }),
    ];
    let Some((partition, _)) = results.main else {
        return Ok(html! { p { "– There are no curves." } });
    };
    // A random order favours no method; without one, the orders of all methods are taken together.
    let random: Vec<&str> = inputs.random().collect();
    let mut panels = Vec::new();
    for network in &results.networks {
        let here = |step: &&CurveStep| step.network == *network && step.partition == partition;
        let mut steps: Vec<&CurveStep> = inputs.curves.iter().filter(here).collect();
        let is_random = |step: &&CurveStep| random.contains(&&*step.method);
        if steps.iter().any(is_random) {
            steps.retain(is_random);
        }
        for (name, words, quantity) in QUANTITIES {
            // A network that ends in a sigmoid has neither quantity.
            let lines = by_share(&steps, quantity, results);
            let Some(lines) = lines.filter(|lines| !lines.is_empty()) else {
                continue;
            };
            let caption = Caption::new(
                &["experience", name, network],
                format!("{words} by share of pixels removed, {network}"),
            );
            panels.push(html! { figure {
                (album.show(experience(caption, words, &lines)?))
                figcaption { (network) ": the " (words) " as more of the image is removed." }
            } });
        }
    }
    Ok(html! {
        p.read {
            "The network's largest probability of any class, and the entropy of its answer, while superpixels are removed "
            @if random.is_empty() { "in the orders of all methods" } @else { "in random order" }
            "; means over images. The network was not trained on images with removed superpixels. Where the network is still sure of a class, \
            its answers say less about removal."
        }
        div.panels.wide { @for panel in panels { (panel) } }
    })
}

/// The mean of a quantity over curves at equal distances of removed area, a line for each replacement; between steps it is interpolated.
fn by_share(steps: &[&CurveStep], quantity: Quantity, results: &Results<'_>) -> Option<Vec<Curve>> {
    let mut curves = BTreeMap::<(&str, [&str; 3], u32), Vec<&CurveStep>>::new();
    for &step in steps {
        let names = [step.image.as_str(), &step.method, &step.order];
        curves
            .entry((&step.replacement, names, step.run))
            .or_default()
            .push(step);
    }
    let mut sums = BTreeMap::<&str, (usize, [f64; SHARES])>::new();
    for ((replacement, ..), mut curve) in curves {
        curve.sort_by_key(|step| step.step);
        let (count, sum) = sums.entry(replacement).or_insert((0, [0.0; SHARES]));
        *count += 1;
        for (place, sum) in sum.iter_mut().enumerate() {
            *sum += at_share(&curve, quantity, place as f64 / (SHARES - 1) as f64)?;
        }
    }
    let mut order: Vec<&str> = results
        .comparisons
        .iter()
        .map(|each| each.condition.replacement)
        .collect();
    order.dedup();
    let series = |(replacement, (count, sum)): (&str, (usize, [f64; SHARES]))| Curve {
        name: replacement.to_owned(),
        series: order
            .iter()
            .position(|name| *name == replacement)
            .unwrap_or(0),
        points: sum
            .iter()
            .enumerate()
            .map(|(place, sum)| (place as f64 / (SHARES - 1) as f64, sum / count as f64))
            .collect(),
    };
    Some(sums.into_iter().map(series).collect())
}

/// A quantity where this share of the pixels is removed.
fn at_share(curve: &[&CurveStep], quantity: Quantity, share: f64) -> Option<f64> {
    let after = curve
        .iter()
        .position(|step| step.removed_area >= share)
        .unwrap_or(curve.len() - 1);
    let Some(before) = after.checked_sub(1) else {
        return quantity(curve[0]);
    };
    let [from, to] = [curve[before], curve[after]];
    let gap = to.removed_area - from.removed_area;
    let place = if gap > 0.0 {
        ((share - from.removed_area) / gap).clamp(0.0, 1.0)
    } else {
        1.0
    };
    let [from, to] = [quantity(from)?, quantity(to)?];
    Some(from + place * (to - from))
}
