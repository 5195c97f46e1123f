//! The main table as text for a terminal.

use std::fmt::Write as _;

use schema::{Decision, Summary};
use statistics::mean;

use crate::Inputs;
use crate::results::{MOST_RELEVANT_FIRST, main_order, partitions, place};

/// The measure: the paper's area.
const MEASURE: &str = "auc";
const HEADINGS: [&str; 6] = [
    "method",
    "mean AUC [interval]",
    "std over images",
    "mean std over runs",
    "forward passes",
    "better than random?",
];
/// The columns with left-aligned cells.
const LEFT: [usize; 2] = [0, 5];
const NONE: &str = "-";

/// Each network's methods by mean AUC, the best first, under the study's main condition: of the partitions on which two explaining methods can be
/// compared (or else one is judged) that with the most superpixels, the most relevant first, and the first replacement. Read from `methods`,
/// `replacements`, `segments`, `summaries`, `decisions`, `stability` and `explanation_costs`.
pub fn summary(inputs: &Inputs) -> String {
    let judged = inputs.summaries.iter();
    let judged = judged.map(|row| [&*row.partition, &*row.network, &*row.method]);
    let Some(&partition) = partitions(inputs, judged).first() else {
        return "There are no scores: every image was excluded, or no method is judged.\n"
            .to_owned();
    };
    let order = main_order(
        inputs
            .summaries
            .iter()
            .filter_map(|row| row.order.as_deref()),
    );
    let sizes = inputs
        .segments
        .iter()
        .filter(|row| row.partition == partition);
    let sizes: Vec<f64> = sizes.map(|row| row.superpixels.into()).collect();
    let replacement = inputs.replacements.first().map_or("", String::as_str);
    let lower = order == MOST_RELEVANT_FIRST;
    let judged = |row: &&Summary| {
        row.partition == partition
            && row.order.as_deref() == Some(order)
            && row.replacement.as_deref() == Some(replacement)
            && row.measure == MEASURE
    };
    let rows: Vec<&Summary> = inputs.summaries.iter().filter(judged).collect();
    let mut text = format!(
        "{}\nAUC in {} x superpixels, {} is better. Superpixels: {partition}, {:.1} an image, removed the {} first, replaced by {replacement}.\n",
        inputs.title,
        inputs.measured.name(),
        if lower { "lower" } else { "higher" },
        mean(&sizes).unwrap_or(0.0),
        if lower {
            "most relevant"
        } else {
            "least relevant"
        },
    );
    if let Some(row) = rows.first() {
        let _ = writeln!(
            text,
            "Intervals: {} % over images. Better than random: the interval of the difference excludes 0, and p is at most {} (Wilcoxon's \
             signed-rank test, Holm's correction).",
            rounded(row.level * 100.0),
            rounded(1.0 - row.level)
        );
    } else {
        text += "There are no scores under this condition.\n";
    }
    for (network, methods) in by_network(inputs, &rows) {
        let images = methods.iter().map(|row| row.images).max().unwrap_or(0);
        let _ = writeln!(text, "\n{network} ({images} images)");
        let cells = methods.iter().map(|row| line(inputs, row));
        let lines: Vec<[String; 6]> = std::iter::once(HEADINGS.map(str::to_owned))
            .chain(cells)
            .collect();
        text += &aligned(&lines);
    }
    // A title or name may contain control sequences of a terminal.
    text.replace(|letter: char| letter.is_control() && letter != '\n', " ")
}

/// The networks in their order, each with its methods by mean.
fn by_network<'a>(inputs: &'a Inputs, rows: &[&'a Summary]) -> Vec<(&'a str, Vec<&'a Summary>)> {
    let known = inputs.networks.iter().map(|network| network.name.as_str());
    let of = |network: &'a str| {
        let mut methods: Vec<&Summary> = rows
            .iter()
            .copied()
            .filter(|row| row.network == network)
            .collect();
        // A method without a mean has no place and comes last.
        methods.sort_by_key(|row| (row.place.unwrap_or(u32::MAX), &row.method));
        (network, methods)
    };
    known
        .map(of)
        .filter(|(_, methods)| !methods.is_empty())
        .collect()
}

fn line(inputs: &Inputs, row: &Summary) -> [String; 6] {
    let interval = match (row.mean, row.low, row.high) {
        (Some(mean), Some(low), Some(high)) => format!("{mean:.3} [{low:.3}, {high:.3}]"),
        (Some(mean), ..) => format!("{mean:.3} [{NONE}]"),
        _ => NONE.to_owned(),
    };
    let number =
        |number: Option<f64>| number.map_or(NONE.to_owned(), |number| format!("{number:.3}"));
    [
        row.method.clone(),
        interval,
        number(row.std_over_images),
        number(std_over_runs(inputs, row)),
        forward_passes(inputs, row).map_or(NONE.to_owned(), |passes| passes.to_string()),
        beside_random(inputs, row),
    ]
}

/// Mean over images of the standard deviation over runs.
fn std_over_runs(inputs: &Inputs, row: &Summary) -> Option<f64> {
    let mut of_method: Vec<_> = inputs
        .stability
        .iter()
        .filter(|image| {
            (&image.network, &image.partition, &image.method)
                == (&row.network, &row.partition, &row.method)
                && Some(&image.order) == row.order.as_ref()
                && Some(&image.replacement) == row.replacement.as_ref()
        })
        .collect();
    of_method.sort_by_key(|image| &image.image);
    let deviations: Option<Vec<f64>> = of_method.iter().map(|image| image.auc_std).collect();
    mean(&deviations?)
}

/// Images that go forward through the network for one explanation, rounded.
fn forward_passes(inputs: &Inputs, row: &Summary) -> Option<u64> {
    let costs = &inputs.explanation_costs;
    let cost = costs
        .iter()
        .find(|cost| (&cost.network, &cost.method) == (&row.network, &row.method))?;
    let one = cost.forward_passes? as f64 / cost.explanations as f64;
    (cost.explanations > 0).then_some(one.round() as u64)
}

/// What the study decides of the method compared with orders drawn by chance.
fn beside_random(inputs: &Inputs, row: &Summary) -> String {
    let mut controls = inputs.random().peekable();
    if controls.peek().is_none() {
        return "no control".to_owned();
    }
    if controls.any(|control| row.method == control) {
        return NONE.to_owned();
    }
    let about = |decision: &&Decision| {
        decision.question == "better than chance"
            && decision.method == row.method
            && place!(decision) == place!(row)
    };
    let found = inputs.decisions.iter().find(about);
    let Some((found, p)) = found.and_then(|found| Some((found, found.p_adjusted?))) else {
        return "not compared".to_owned();
    };
    let p = if p < 0.0001 {
        "p < 0.0001".to_owned()
    } else {
        format!("p = {}", rounded(p))
    };
    match found.verdict.as_str() {
        "ahead" => format!("yes, {p}"),
        "behind" => format!("no, worse, {p}"),
        _ => format!("not shown, {p}"),
    }
}

/// At most four decimals, without trailing zeros.
pub(crate) fn rounded(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn aligned(lines: &[[String; 6]]) -> String {
    let width = |column: usize| {
        let widths = lines.iter().map(|line| line[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let widths: [usize; 6] = std::array::from_fn(width);
    let shown = |line: &[String; 6]| {
        let cells = line.iter().zip(widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| {
            if LEFT.contains(&column) {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            }
        });
        let cells: Vec<String> = cells.collect();
        format!("  {}\n", cells.join("  ").trim_end())
    };
    lines.iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ExplanationCost, Method, testing};

    fn row(method: &str, partition: &str, mean: f64, place: u32) -> Summary {
        Summary {
            partition: partition.to_owned(),
            replacement: Some("black".to_owned()),
            images: 20,
            low: Some(mean - 1.0),
            high: Some(mean + 1.5),
            std_over_images: Some(2.25),
            ..testing::summary(method, mean, place)
        }
    }

    fn beside(method: &str, verdict: &str, p: f64) -> Decision {
        Decision {
            partition: "fine".to_owned(),
            replacement: Some("black".to_owned()),
            p_adjusted: Some(p),
            ..testing::decision("better than chance", [method, "chance"], verdict)
        }
    }

    fn study() -> Inputs {
        let mut inputs = testing::study(&["mug"], 1);
        let method = |name: &str, kind: &str| Method {
            name: name.to_owned(),
            kind: kind.to_owned(),
            title: name.to_owned(),
            access: "queries".to_owned(),
            control: kind == "random",
            chance: kind == "random",
            measured: kind != "random",
            replacement: None,
        };
        inputs.title = "Which\u{1b}[31m one".to_owned();
        inputs.methods = vec![method("lime", "lime"), method("chance", "random")];
        inputs.replacements = vec!["black".to_owned(), "mean".to_owned()];
        let mut fine = inputs.segments[0].clone();
        (fine.partition, fine.superpixels) = ("fine".to_owned(), 40);
        inputs.segments.push(fine);
        inputs.summaries = vec![
            row("chance", "fine", 30.0, 3),
            row("edges", "fine", 29.5, 2),
            row("lime", "fine", 26.727_4, 1),
            row("lime", "stripes", 1.0, 1),
        ];
        inputs.decisions = vec![
            beside("lime", "ahead", 0.000_02),
            beside("edges", "undecided", 0.83),
        ];
        inputs.explanation_costs = vec![ExplanationCost {
            network: "alexnet".to_owned(),
            method: "lime".to_owned(),
            explanations: 4,
            forward_passes: Some(770),
            ..ExplanationCost::default()
        }];
        inputs
    }

    #[test]
    fn the_finest_partition_is_shown_the_best_method_first() {
        let text = summary(&study());
        assert!(text.starts_with("Which [31m one\n"), "{text}");
        assert!(text.contains("Superpixels: fine, 40.0 an image"), "{text}");
        assert!(text.contains("Intervals: 95 % over images"), "{text}");
        let table: Vec<&str> = text
            .split("(20 images)\n")
            .nth(1)
            .unwrap()
            .lines()
            .collect();
        assert_eq!(
            table,
            [
                "  method      mean AUC [interval]  std over images  mean std over runs  forward passes  better than random?",
                "  lime    26.727 [25.727, 28.227]            2.250                   -             193  yes, p < 0.0001",
                "  edges   29.500 [28.500, 31.000]            2.250                   -               -  not shown, p = 0.83",
                "  chance  30.000 [29.000, 31.500]            2.250                   -               -  -",
            ]
        );
    }

    #[test]
    fn a_method_that_is_certainly_worse_than_chance_is_said_to_be() {
        let mut inputs = study();
        inputs.decisions[1] = beside("edges", "behind", 0.05);
        assert!(summary(&inputs).contains("no, worse, p = 0.05\n"));
        inputs.methods.pop();
        assert!(summary(&inputs).contains("no control\n"));
    }

    #[test]
    fn without_rows_it_says_so() {
        assert!(summary(&Inputs::default()).starts_with("There are no scores"));
        let mut inputs = study();
        inputs.replacements = vec!["gray".to_owned()];
        assert!(summary(&inputs).contains("There are no scores under this condition"));
    }
}
