//! Lines for a shell that find the rows behind a number.

use std::path::Path;

/// A command that shows `columns` of the rows of a table whose columns have these values.
///
/// `latest` is the folder of the study's tables. The command is right for a POSIX shell whatever the values are.
pub(crate) fn command(
    latest: &str,
    table: &str,
    columns: &str,
    filters: &[(&str, &str)],
    order: &str,
) -> String {
    let conditions: Vec<String> = filters
        .iter()
        .map(|(column, value)| format!("{} = {}", identifier(column), literal(value)))
        .collect();
    let files = literal(&format!("{latest}/{table}/*.parquet"));
    let conditions = conditions.join(" and ");
    let query = format!("select {columns} from {files} where {conditions} order by {order}");
    format!("duckdb -c {}", shell(&query))
}

/// A command that shows the rows of an artifact by its id.
///
/// `latest` is the folder of the study's tables, beside which that of the artifacts is.
pub(crate) fn by_id(latest: &str, id: &str) -> String {
    let file = Path::new(latest).with_file_name(object(id));
    let query = format!("select * from {}", literal(&file.display().to_string()));
    format!("duckdb -c {}", shell(&query))
}

/// Where an artifact lies below the folder of artifacts.
pub(crate) fn object(id: &str) -> String {
    let shelf: String = id.chars().take(2).collect();
    format!("objects/{shelf}/{id}.parquet")
}

/// A text in SQL: between single quotes, and one inside is doubled.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A column's name in SQL; `order` is a word of the language.
fn identifier(column: &str) -> String {
    if column == "order" {
        return "\"order\"".to_owned();
    }
    column.to_owned()
}

/// An argument of a POSIX shell, between double quotes. An exclamation mark, which interactive shells replace even there, stands between single ones.
fn shell(text: &str) -> String {
    let mut argument = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' | '$' | '`' => argument.extend(['\\', letter]),
            '!' => argument.push_str("\"'!'\""),
            _ => argument.push(letter),
        }
    }
    argument + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_for_sql() {
        let filters = [("image", "jack-o'-lantern"), ("network", "alexnet")];
        assert_eq!(
            command("artifacts/latest", "scores", "run, auc", &filters, "run"),
            "duckdb -c \"select run, auc from 'artifacts/latest/scores/*.parquet' where image = 'jack-o''-lantern' and \
             network = 'alexnet' order by run\""
        );
    }

    #[test]
    fn an_artifact_is_found_by_its_id_beside_the_tables() {
        assert_eq!(
            by_id("it's/artifacts/latest", "3fa4"),
            "duckdb -c \"select * from 'it''s/artifacts/objects/3f/3fa4.parquet'\""
        );
        assert!(by_id("latest", "3fa4").contains(" 'objects/3f/3fa4.parquet'"));
    }

    #[test]
    fn a_shell_hands_on_exactly_the_query() {
        let odd = r#"a"b$HOME`c\d!e'f<script>"#;
        let filters = [("image", odd), ("order", "o")];
        let line = command("latest", "scores", "*", &filters, "run");
        let line = line.replacen("duckdb -c", "printf %s", 1);
        let output = std::process::Command::new("sh")
            .args(["-c", &line])
            .output()
            .unwrap();
        let expected = format!(
            "select * from 'latest/scores/*.parquet' where image = '{}' and \"order\" = 'o' order by run",
            odd.replace('\'', "''")
        );
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    }
}
