//! The first section: which method for which need, how surely, and when it would be another.

use std::collections::BTreeMap;

use maud::{Markup, html};
use schema::Decision;
use statistics::Measured;

use super::provenance::dropped;
use super::words::{constants, decimals, interval, joined, p_value, plural};
use crate::Inputs;
use crate::decided::{
    Answers, Computing, Fidelity, Passes, Repeat, Repeatability, agreed, is_ahead,
};
use crate::explorer::link;
use crate::results::{Group, Results, both};
use crate::summary::rounded;

/// Where no method is ahead.
const UNDECIDED: &str = "undecided";

pub(super) fn section(inputs: &Inputs, results: &Results<'_>, answers: &Answers<'_>) -> Markup {
    html! {
        @if results.comparisons.is_empty() {
            p { "There are no scores: every image was excluded, or the study has no images. See below for the reasons." }
        } @else {
            (summary(results, answers))
            (no_better_than_chance(results, answers))
            div.needs {
                (fidelity(results, answers))
                (repeatability(results, answers))
                (computing(results, answers))
            }
            (extent(inputs, results))
            details.note {
                summary { "Before you quote a number" }
                ul { @for caveat in caveats(inputs, results) { li { (caveat) } } }
            }
        }
    }
}

/// The answer in a sentence.
fn summary(results: &Results<'_>, answers: &Answers<'_>) -> Markup {
    let faithful = supported(answers);
    let certain = agreed(answers.repeatability.iter().map(steadiest)).flatten();
    let cheap = agreed(answers.computing.iter().map(Computing::best)).flatten();
    let explaining = results.methods.len() - results.controls.len();
    html! {
        p.lede {
            @if explaining == 0 {
                "This study has only controls, so there is no explaining method to choose."
            } @else if explaining < 2 {
                "This study has one explaining method, so there is no choice to make. You can still compare it with the controls."
            } @else {
                "On " (plural(results.images.len(), "image")) ", "
                @match faithful {
                    Some(method) => { b { (results.called(method)) } " is the most faithful: it finds best what the network uses" }
                    None if answers.fidelity.iter().any(|each| shown(each) != UNDECIDED) => {
                        "no single method is the most faithful in every network"
                    }
                    None => { "no method is shown to be the most faithful" }
                }
                @if certain == cheap {
                    @if let Some(method) = certain { "; " b { (results.called(method)) } " is the most repeatable and the cheapest to compute" }
                } @else {
                    @if let Some(method) = certain { "; " b { (results.called(method)) } " is the most repeatable" }
                    @if let Some(method) = cheap { "; " b { (results.called(method)) } " is the cheapest to compute" }
                }
                "."
            }
        }
    }
}

/// The method that is shown to be the most repeatable on a network.
fn steadiest<'a>(repeatability: &Repeatability<'a>) -> Option<&'a str> {
    let answer = repeatability.answer;
    is_ahead(answer).then_some(answer.method.as_str())
}

/// The methods that are not shown to be better than chance: there, repeatability and low cost are worth little.
fn no_better_than_chance(results: &Results<'_>, answers: &Answers<'_>) -> Markup {
    let doubtful = answers.chance.iter().filter(|row| !is_ahead(row));
    let doubtful: Vec<_> = doubtful.collect();
    html! {
        @if !doubtful.is_empty() {
            p.note {
                b { "Caution: " }
                @if doubtful.len() > MANY { (by_network(results, &doubtful)) } @else {
                    (joined(doubtful, "; ", |row| html! {
                        (results.called(&row.method)) " is " (found_of_chance(row)) " on " (row.network)
                        @if let Some(difference) = row.difference {
                            " (difference of AUC " (decimals(difference)) (interval(both(row.low, row.high))) ")"
                        }
                    }))
                }
                ". Repeatability and low cost are worth little where an explanation is no better than chance."
            }
        }
    }
}

/// Longer lists of statements are shortened.
const MANY: usize = 4;

fn found_of_chance(row: &Decision) -> &'static str {
    if row.verdict == "behind" {
        "worse than a random order"
    } else {
        "not shown to be better than a random order"
    }
}

/// The names of the methods alone, by network and verdict.
fn by_network(results: &Results<'_>, doubtful: &[&&Decision]) -> Markup {
    let mut groups: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for row in doubtful {
        let group = groups.entry((&row.network, found_of_chance(row)));
        group.or_default().push(results.called(&row.method));
    }
    html! {
        (joined(groups, "; ", |((network, verdict), methods)| html! {
            "on " b { (network) } ", " (methods.join(", ")) @if methods.len() == 1 { " is " } @else { " are " } (verdict)
        }))
    }
}

/// The method whose lead is shown in every network.
fn supported<'a>(answers: &Answers<'a>) -> Option<&'a str> {
    let all = answers.fidelity.iter().all(Fidelity::decided);
    agreed(answers.fidelity.iter().map(|each| &*each.answer.method)).filter(|_| all)
}

fn card(need: &str, measure: &str, verdict: &Markup, content: &Markup) -> Markup {
    html! {
        article.need {
            h3 { (need) span.quiet { " " (measure) } }
            p.verdict { (verdict) }
            (content)
        }
    }
}

fn fidelity(results: &Results<'_>, answers: &Answers<'_>) -> Markup {
    let verdict = match supported(answers) {
        Some(method) => html! { (results.called(method)) },
        None => match answers.fidelity.as_slice() {
            [] => html! { "not measured" },
            all if all.iter().all(|each| each.answer.runner_up.is_none()) => html! {
                (agreed(all.iter().map(|each| results.called(&each.answer.method))).unwrap_or(UNDECIDED)) ", with no other method to compare"
            },
            all if all.iter().all(|each| shown(each) == UNDECIDED) => html! { (UNDECIDED) },
            several => joined(several, "", |each| {
                html! { span.part { (results.called(shown(each))) " on " (each.answer.network) } }
            }),
        },
    };
    let measure = if lower(results) {
        "lowest area under the removal curve (AUC)"
    } else {
        "highest area under the removal curve (AUC)"
    };
    let content = html! {
        @for each in &answers.fidelity { (in_network(results, answers, each)) }
        (flipping(answers))
    };
    card("Most faithful", measure, &verdict, &content)
}

/// Whether a small area is good in what the answer is about.
fn lower(results: &Results<'_>) -> bool {
    let main = results.main_comparisons();
    main.iter().all(|each| each.condition.lower_is_better())
}

fn shown<'a>(fidelity: &Fidelity<'a>) -> &'a str {
    if fidelity.decided() {
        &fidelity.answer.method
    } else {
        UNDECIDED
    }
}

fn in_network(results: &Results<'_>, answers: &Answers<'_>, fidelity: &Fidelity<'_>) -> Markup {
    let answer = fidelity.answer;
    let about = |row: &&&Decision| row.network == answer.network && row.method == answer.method;
    html! {
        p {
            b { (answer.network) } ": " (results.called(&answer.method))
            @if let Some(summary) = fidelity.summary {
                @if let Some(mean) = summary.mean { " " b { (decimals(mean)) } }
                (interval(both(summary.low, summary.high)))
            }
            "."
            @if let Some(other) = &answer.runner_up { " " (against(answer, results.called(other))) }
            @if let Some(random) = answers.chance.iter().find(about) { " " (beside_chance(results, random)) }
            @if !fidelity.alike.is_empty() {
                " These methods do not differ significantly from it (" a href="#groups" { "groups" } "): "
                (joined(&fidelity.alike, ", ", |method| html! { (results.called(method)) })) "."
            }
        }
    }
}

/// How a method compares with the next one.
fn against(answer: &Decision, other: &str) -> Markup {
    html! {
        @if answer.difference == Some(0.0) { "Its mean equals that of " (other) "." }
        @else if let Some(difference) = answer.difference {
            (decimals(difference.abs())) (interval(both(answer.low, answer.high).map(magnitude(difference))))
            @if difference < 0.0 { " below " } @else { " above " } (other)
            ", better on " b { (answer.wins) " of " (answer.images) } " images"
            @if let Some(p) = answer.p_adjusted { " (" (p_value(p)) ")" } "."
            @if let (false, Some(reason)) = (is_ahead(answer), &answer.reason) { " Undecided: " (reason) "." }
        } @else { "Not compared with " (other) ": no image has both." }
    }
}

/// The interval of a difference as one of its size.
fn magnitude(difference: f64) -> impl Fn([f64; 2]) -> [f64; 2] {
    move |[low, high]| {
        if difference < 0.0 {
            [-high, -low]
        } else {
            [low, high]
        }
    }
}

fn beside_chance(results: &Results<'_>, random: &Decision) -> Markup {
    html! {
        @match random.verdict.as_str() {
            "ahead" => { "Better than removal in random order." }
            "behind" => { strong { "Worse than removal in random order: do not rely on " (results.called(&random.method)) " here." } }
            _ => { strong { "Not shown to be better than removal in random order." } }
        }
    }
}

/// Where another method would be the answer.
fn flipping(answers: &Answers<'_>) -> Markup {
    let decided = answers.fidelity.iter().filter_map(|fidelity| {
        let flips = fidelity.answer.flips_when.as_ref()?;
        Some((fidelity.answer, flips))
    });
    let decided: Vec<_> = decided.collect();
    let all = answers.fidelity.iter();
    let exceptions: Vec<_> = all.filter(|each| !each.exceptions.is_empty()).collect();
    html! {
        @if !decided.is_empty() {
            p.turn {
                b { "The ranking flips " }
                @for (place, (answer, flips)) in decided.iter().enumerate() {
                    @if place > 0 { ". " b { "It flips " } }
                    "on " (answer.network) " " (flips)
                }
                " (" a href="#checks" { "all checks" } ")."
            }
        }
        @if !exceptions.is_empty() {
            p.turn {
                "Images on which the runner-up is better: "
                (joined(exceptions, "; ", |fidelity| {
                    let network = &fidelity.answer.network;
                    html! {
                        (joined(&fidelity.exceptions, ", ", |image| {
                            html! { a href=(link(&[("image", image), ("network", network)])) { (image) } }
                        }))
                        " (" (network) ")"
                    }
                }))
                "."
            }
        }
    }
}

fn repeatability(results: &Results<'_>, answers: &Answers<'_>) -> Markup {
    let choices = &answers.repeatability;
    let best = choices.iter();
    let verdict = verdict(best.map(|each| {
        (
            steadiest(each).map(|method| results.called(method)),
            &*each.answer.network,
        )
    }));
    let content = html! {
        @for choice in choices { p { b { (choice.answer.network) } ": " (repeats(results, &choice.methods)) } }
        (enough(results, choices))
    };
    card(
        "Most repeatable",
        "smallest change from run to run",
        &verdict,
        &content,
    )
}

fn repeats(results: &Results<'_>, methods: &[Repeat<'_>]) -> Markup {
    let (fixed, drawn): (Vec<_>, Vec<_>) = methods.iter().partition(|repeat| repeat.deterministic);
    let names: Vec<&str> = fixed
        .iter()
        .map(|repeat| results.called(repeat.method))
        .collect();
    let fixed = (!names.is_empty()).then(|| html! {
        (names.join(", ")) @if names.len() == 1 { " is" } @else { " are" } " deterministic, so every run is the same"
    });
    let repeat = |repeat: &&Repeat<'_>| {
        html! {
            (results.called(repeat.method)) " "
            @match repeat.deviation {
                Some(deviation) => { b { (decimals(deviation)) } }
                None => { "unknown, with one run" }
            }
            @if let Some(correlation) = repeat.correlation { " (" (format!("{correlation:.2}")) ")" }
        }
    };
    html! {
        @if let Some(fixed) = fixed { (fixed) ". " }
        @if !drawn.is_empty() {
            "Standard deviation of an image's AUC over runs (and rank correlation of two runs): " (joined(&drawn, ", ", repeat)) "."
        }
    }
}

/// How many samples a method that draws random numbers needs before its runs agree.
fn enough(results: &Results<'_>, choices: &[Repeatability<'_>]) -> Markup {
    let networks = choices.iter().map(|choice| {
        let drawn = choice.methods.iter().filter(|repeat| repeat.reached.1 > 0);
        (&choice.answer.network, drawn.collect::<Vec<_>>())
    });
    let networks: Vec<_> = networks.filter(|(_, drawn)| !drawn.is_empty()).collect();
    let level = networks.iter().find_map(|(_, drawn)| drawn[0].level);
    html! {
        @if !networks.is_empty() {
            p.turn {
                b { "More samples would reduce this difference. " }
                "Two runs agree"
                @if let Some(level) = level { " (rank correlation of " (level) " or more)" }
                " on so many images: "
                (joined(networks, "; ", |(network, drawn)| html! {
                    (network) ": " (joined(drawn, ", ", |repeat| html! {
                        (results.called(repeat.method)) " " (repeat.reached.0) " of " (repeat.reached.1)
                        @if let Some(needed) = repeat.needed { " (half of these with " (needed) " samples or fewer)" }
                    }))
                }))
                " (" a href="#samples" { "how many are needed" } ")."
            }
        }
    }
}

fn computing(results: &Results<'_>, answers: &Answers<'_>) -> Markup {
    let choices = &answers.computing;
    let verdict = verdict(choices.iter().map(|each| {
        (
            each.best().map(|method| results.called(method)),
            each.network,
        )
    }));
    let content = html! {
        @for choice in choices { p { b { (choice.network) } ": " (costs(results, &choice.methods)) } }
        (ratio(results, choices))
    };
    card(
        "Cheapest to compute",
        "network passes for one explanation",
        &verdict,
        &content,
    )
}

fn costs(results: &Results<'_>, methods: &[Passes<'_>]) -> Markup {
    let passes = |passes: &Passes<'_>| {
        html! {
            (results.called(passes.method)) " " b { (count(passes.forward)) } " forward"
            @if passes.backward > 0.0 { " and " b { (count(passes.backward)) } " backward" }
            @if let Some(all) = passes.seconds { ", " (seconds(all)) }
            @if passes.declared { " (as declared)" }
        }
    };
    let named = if methods.len() > MANY {
        MANY - 1
    } else {
        methods.len()
    };
    html! {
        (joined(&methods[..named], "; ", passes))
        @if let [.., most] = &methods[named..] {
            "; " (methods.len() - named) " others take more; the most: " (passes(most))
        }
        "."
    }
}

fn ratio(results: &Results<'_>, choices: &[Computing<'_>]) -> Markup {
    let ratios = choices.iter().filter_map(|choice| {
        let [first, next, ..] = choice.methods.as_slice() else {
            return None;
        };
        let ratio = next.all() / first.all();
        let dearer = ratio.is_finite() && ratio > 1.0;
        dearer.then_some((
            results.called(next.method),
            results.called(first.method),
            ratio,
            choice.network,
        ))
    });
    let nearest = ratios.min_by(|a, b| a.2.total_cmp(&b.2));
    html! {
        @if let Some((dear, cheap, ratio, network)) = nearest {
            p.turn {
                b { "The ranking flips " } "first when " (dear) " gets less than 1/" (count(ratio)) " of its passes on " (network)
                ", compared with " (cheap) " in this study (" a href="#samples" { "what fewer samples do to its agreement" } ")."
            }
        }
    }
}

/// The method that all networks agree on, or each network's.
fn verdict<'a>(choices: impl Iterator<Item = (Option<&'a str>, &'a str)>) -> Markup {
    let each: Vec<_> = choices
        .map(|(best, network)| (best.unwrap_or("no method ahead"), network))
        .collect();
    html! {
        @match agreed(each.iter().map(|each| each.0)) {
            Some(method) => { (method) }
            None if each.is_empty() => { "not measured" }
            None => { (joined(each, "", |(method, network)| html! { span.part { (method) " on " (network) } })) }
        }
    }
}

/// What the answer is about.
fn extent(inputs: &Inputs, results: &Results<'_>) -> Markup {
    let explanations: usize = results
        .groups()
        .map(|group| group.images.values().map(Vec::len).sum::<usize>())
        .sum();
    html! {
        p.quiet {
            @if lower(results) {
                "Superpixels are removed one by one, the most relevant first, and the network is evaluated after each removal. The area under the "
                (inputs.measured.name()) " of the class (AUC) is small where a method finds what the network uses. "
            } @else {
                "Superpixels are removed one by one, the least relevant first, and the network is evaluated after each removal. The area under the "
                (inputs.measured.name()) " of the class (AUC) is large where a method finds what the network uses. "
            }
            @if let Some((partition, replacement)) = results.main {
                "The answer is for superpixels of the partition " (partition) ", replaced by " (replacement) ". "
            }
            @if let Some(row) = inputs.summaries.first() { "In brackets: " (rounded(100.0 * row.level)) " % bootstrap intervals over images. " }
            (plural(results.images.len(), "image")) ", " (plural(results.networks.len(), "network")) ", "
            (plural(results.methods.len(), "method"))
            @if !results.controls.is_empty() {
                ", including these controls: " (joined(&results.controls, ", ", |method| html! { (results.called(method)) }))
            }
            "; "
            @if let Some((fewest, most)) = runs(results) {
                @if fewest < most { (fewest) " to " } (plural(most, "run")) " of each explaining method that draws random numbers; "
            }
            (plural(explanations, "removal curve")) "."
            @if !inputs.exclusions.is_empty() { " " (excluded(inputs)) " (" a href="#excluded" { "why" } ")." }
            @if let Some(constants) = constants(results) { " " (constants) }
        }
    }
}

/// Fewest and most runs of an image by explaining methods that draw random numbers; none where no method does.
fn runs(results: &Results<'_>) -> Option<(usize, usize)> {
    let drawing = results
        .groups()
        .filter(|group| group.explains && !group.deterministic);
    let counts = drawing.map(Group::runs);
    counts.reduce(|(fewest, most), (few, many)| (fewest.min(few), most.max(many)))
}

fn excluded(inputs: &Inputs) -> String {
    let images = dropped(inputs);
    let verb = if images == 1 { "was" } else { "were" };
    format!("{} {verb} excluded", plural(images, "image"))
}

/// A number of passes, with a decimal unless the mean is a whole number.
fn count(passes: f64) -> String {
    if passes < 100.0 && passes.fract() > 0.05 {
        format!("{passes:.1}")
    } else {
        format!("{passes:.0}")
    }
}

fn seconds(seconds: f64) -> String {
    if seconds < 0.1 {
        format!("{:.0} ms", seconds * 1000.0)
    } else {
        format!("{seconds:.1} s")
    }
}

/// What a reader must know before a number is quoted.
fn caveats(inputs: &Inputs, results: &Results<'_>) -> Vec<String> {
    let mut caveats = vec![format!(
        "These numbers describe {}. The intervals show how far the means would move with other images of the same kind; they say nothing about \
         other kinds of image or other networks.",
        plural(results.images.len(), "image")
    )];
    caveats.extend(deterministic(results));
    caveats.extend(favoured(inputs, results));
    if results.networks.len() > 1 {
        caveats.push(match inputs.measured {
            Measured::Probability => "Do not compare the AUCs of two networks: their probabilities start at different heights. Only the relative \
                AUC (divided by the untouched probability and the number of steps) is comparable."
                .to_owned(),
            Measured::Logit => "Do not compare the AUCs of two networks: their logits have different scales and no meaningful zero."
                .to_owned(),
        });
    }
    caveats
}

fn deterministic(results: &Results<'_>) -> Option<String> {
    let certain = |method: &&&str| {
        let mut groups = results.groups().filter(|group| group.method == **method);
        groups.all(|group| group.deterministic)
    };
    let methods: Vec<&str> = results.methods.iter().filter(certain).copied().collect();
    (!methods.is_empty()).then(|| {
        format!(
            "These methods draw no random numbers and run once for each image: {}. Their standard deviation over runs is 0 by construction, not by \
             measurement.",
            methods.iter().map(|method| results.called(method)).collect::<Vec<_>>().join(", ")
        )
    })
}

/// A caveat for each method that is judged by its own replacement.
fn favoured(inputs: &Inputs, results: &Results<'_>) -> Vec<String> {
    let judged = |replacement: &str| {
        let mut conditions = results.comparisons.iter().map(|each| each.condition);
        conditions.any(|condition| condition.replacement == replacement)
    };
    inputs
        .methods
        .iter()
        .filter(|method| results.methods.contains(&method.name.as_str()))
        .filter_map(|method| Some((&method.name, method.replacement.as_ref()?)))
        .filter(|(_, replacement)| judged(replacement))
        .map(|(name, replacement)| {
            let name = results.called(name);
            format!(
                "{name} replaces superpixels by {replacement}, and is judged by the same replacement here, which favours it."
            )
        })
        .collect()
}
