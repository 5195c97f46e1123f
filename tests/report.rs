//! The report of a small study, with names that need care: its files, and its main table in the terminal.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use crate::study_folder::StudyFolder;

/// 2 images of which one is called `<script>`, a network, Grad-CAM, 2 runs of LIME and 2 random orders.
static STUDY: LazyLock<StudyFolder> = LazyLock::new(|| {
    let folder = StudyFolder::new();
    for part in ["images", "masks"] {
        let named = |name: &str| folder.path(&format!("{part}/{name}.png"));
        fs::rename(named("mug-01"), named("<script>")).unwrap();
    }
    let labels = fs::read_to_string(folder.path("labels.csv")).unwrap();
    fs::write(
        folder.path("labels.csv"),
        labels.replace("mug-01", "<script>"),
    )
    .unwrap();
    folder.change(
        "[networks.resnet50]\narchitecture = \"resnet50\"\nweights = \"resnet50.safetensors\"\nwidth = 0.25\n",
        "",
    );
    folder.change(
        "\n[deletion]",
        "\n[methods.random]\nkind = \"random\"\norders = 2\n\n[deletion]",
    );
    folder.change("[report]", "[evaluate]\nresamples = 200\n\n[report]");
    folder.make_all();
    folder
});

/// The rows of a table of the report without quotes in it, each as its cells.
fn rows(folder: &StudyFolder, table: &str) -> Vec<Vec<String>> {
    let file = folder.path(&format!("artifacts/report/tables/{table}.csv"));
    let text = fs::read_to_string(file).unwrap();
    let cells = |line: &str| line.split(',').map(str::to_owned).collect();
    text.lines().map(cells).collect()
}

fn is(name: &str, ending: &str) -> bool {
    Path::new(name).extension() == Some(ending.as_ref())
}

#[test]
fn the_main_table_is_printed_from_the_rows_that_the_report_shows() {
    let folder = STUDY.copy();
    let finished = folder.run("report", &["--summary", "--quiet"]);
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    assert_eq!(finished.stderr, "");
    let text = finished.stdout;
    assert!(text.starts_with("A small study\n"), "{text}");
    assert!(
        text.contains("Superpixels: coarse, 12.0 an image"),
        "{text}"
    );
    assert!(text.contains("\nalexnet (2 images)\n"), "{text}");
    let summaries = rows(&folder, "summaries");
    let place = |name: &str| summaries[0].iter().position(|own| own == name).unwrap();
    let of_auc = |row: &&Vec<String>| row[place("measure")] == "auc";
    let found: Vec<_> = summaries.iter().filter(of_auc).collect();
    assert_eq!(found.len(), 3);
    for row in found {
        let number = |name: &str| row[place(name)].parse::<f64>().unwrap();
        let interval = format!(
            "{:.3} [{:.3}, {:.3}]",
            number("mean"),
            number("low"),
            number("high")
        );
        let own = format!("  {} ", row[place("method")]);
        let line = text.lines().find(|line| line.starts_with(&own)).unwrap();
        assert!(line.contains(&interval), "{line} has no {interval}");
        assert_eq!(
            line.contains(" 32 "),
            row[place("method")] == "lime",
            "{line}"
        );
    }

    folder.change("A small study", "Another title");
    let finished = folder.run("report", &["--summary", "--quiet"]);
    assert!(
        finished.stdout.starts_with("Another title\n"),
        "{}",
        finished.stderr
    );
    let page = fs::read_to_string(folder.path("artifacts/report/index.html")).unwrap();
    assert!(
        page.contains("<h1>Another title</h1>"),
        "the report is up to date too"
    );

    folder
        .run("report", &["--summary", "--json"])
        .expect(2, "cannot be used with '--json'");
    folder.run("lime", &["--summary"]).expect(2, "--summary");
    fs::remove_dir_all(folder.path("artifacts")).unwrap();
    let finished = folder.run("report", &["--summary", "--quiet"]);
    finished.expect(3, "`make segment` computes them");
    assert_eq!(finished.stdout, "");
}

#[test]
fn every_table_and_figure_lies_beside_the_page_and_names_are_escaped() {
    let folder = &*STUDY;
    let names = |part: &str| -> Vec<String> {
        let entries = fs::read_dir(folder.path("artifacts/report").join(part)).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string();
        let mut names: Vec<String> = entries.map(|entry| name(entry).unwrap()).collect();
        names.sort();
        names
    };
    let tables = names("tables");
    for name in [
        "summaries",
        "comparisons",
        "localization",
        "artifacts",
        "explanation_costs",
    ] {
        for ending in ["csv", "md", "tex", "parquet"] {
            assert!(
                tables.contains(&format!("{name}.{ending}")),
                "{name}.{ending}"
            );
        }
    }
    let figures = names("figures");
    assert!(!figures.is_empty());
    assert!(
        figures
            .iter()
            .all(|name| is(name, "svg") || is(name, "png"))
    );

    let page = fs::read_to_string(folder.path("artifacts/report/index.html")).unwrap();
    assert_eq!(
        page.matches("<script").count(),
        3,
        "only the two of the page and its data"
    );
    for figure in figures.iter().filter(|name| is(name, "svg")) {
        let file = folder.path("artifacts/report/figures").join(figure);
        assert!(
            !fs::read_to_string(file).unwrap().contains("<script"),
            "{figure}"
        );
    }
    // Every artifact is where the table says.
    let artifacts = rows(folder, "artifacts");
    let path = artifacts[0].iter().position(|name| name == "path").unwrap();
    assert!(artifacts.len() > 30);
    for row in &artifacts[1..] {
        assert!(
            folder.path("artifacts").join(&row[path]).is_file(),
            "{row:?}"
        );
    }
}
