//! What was compared, in a table that reads as Markdown.

use std::fmt;

/// What a comparison has to give.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tolerance {
    /// A difference of this at most.
    AtMost(f64),
    /// A statistic of this at least.
    AtLeast(f64),
    /// A statistic from the first to the second.
    Between(f64, f64),
}

impl Tolerance {
    fn holds(self, found: f64) -> bool {
        match self {
            Self::AtMost(most) => found <= most,
            Self::AtLeast(least) => found >= least,
            Self::Between(least, most) => (least..=most).contains(&found),
        }
    }

    /// Whether `found` is farther from what it should be than `known`, which is within this tolerance.
    fn worse(self, found: f64, known: f64) -> bool {
        match self {
            Self::AtMost(_) => found > known || found.is_nan(),
            Self::AtLeast(_) => found < known || found.is_nan(),
            Self::Between(..) => !self.holds(found),
        }
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::AtMost(most) if most == 0.0 || most >= 1.0 => write!(formatter, "{most}"),
            Self::AtMost(most) => write!(formatter, "{most:e}"),
            Self::AtLeast(least) => write!(formatter, "at least {least}"),
            Self::Between(least, most) => write!(formatter, "{least} to {most}"),
        }
    }
}

/// One quantity beside one implementation.
#[derive(Clone, Debug)]
struct Row {
    /// What is compared, and in which unit.
    quantity: String,
    /// The implementation.
    against: &'static str,
    /// The largest difference, or the statistic.
    found: f64,
    /// What it has to be.
    tolerance: Tolerance,
}

impl Row {
    fn stated(&self) -> String {
        format!(
            "| {} | {} | {} |",
            self.quantity, self.against, self.tolerance
        )
    }
}

/// All comparisons.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// In the order in which they were made; those of one quantity and implementation are one row.
    rows: Vec<Row>,
}

impl Table {
    /// Notes a comparison; of several of one quantity the worst counts.
    pub(super) fn note(
        &mut self,
        quantity: impl Into<String>,
        against: &'static str,
        found: f64,
        tolerance: Tolerance,
    ) {
        let row = Row {
            quantity: quantity.into(),
            against,
            found,
            tolerance,
        };
        let same = |known: &&mut Row| known.stated() == row.stated();
        match self.rows.iter_mut().find(same) {
            Some(known) if tolerance.holds(known.found) && tolerance.worse(found, known.found) => {
                known.found = found;
            }
            Some(_) => {}
            None => self.rows.push(row),
        }
    }

    /// The part of every row that is the same on every machine, in order.
    pub(super) fn stated(&self) -> Vec<String> {
        self.rows.iter().map(Row::stated).collect()
    }

    /// Fails when anything is outside its tolerance.
    pub(super) fn check(&self) {
        let outside: Vec<&Row> = self
            .rows
            .iter()
            .filter(|row| !row.tolerance.holds(row.found))
            .collect();
        assert!(outside.is_empty(), "outside their tolerances: {outside:#?}");
        assert!(!self.rows.is_empty(), "nothing was compared");
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "| quantity | against | tolerance | found |")?;
        writeln!(formatter, "|---|---|---|---|")?;
        for row in &self.rows {
            let plain = row.found == 0.0 || row.found >= 0.1;
            let found = if plain {
                format!("{:.2}", row.found)
            } else {
                format!("{:.1e}", row.found)
            };
            writeln!(formatter, "{} {found} |", row.stated())?;
        }
        Ok(())
    }
}
