//! What every table is: a named, fixed list of typed and described columns, and rows that go to Arrow and back unchanged.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::{Column, Kind, Value};

/// A row of a table that stages exchange.
pub trait Table: Sized + Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static {
    /// Name of the table: of its folder under `latest/`, and part of an artifact's content id.
    const NAME: &'static str;

    /// What one row is.
    const ROW: &'static str;

    /// The columns, in order.
    fn columns() -> &'static [Column];

    /// The Arrow schema of [`Table::encode`]. Its metadata holds [`Table::description`].
    fn schema() -> SchemaRef;

    /// The table and its columns in words, in a fixed order: `table`, `row`, and for each column `<column>.unit` and
    /// `<column>.meaning`.
    fn description() -> Vec<(String, String)> {
        let of_table = [
            ("table".to_owned(), Self::NAME.to_owned()),
            ("row".to_owned(), Self::ROW.to_owned()),
        ];
        let of_columns = Self::columns().iter().flat_map(|column| {
            [
                (format!("{}.unit", column.name), column.unit.to_owned()),
                (
                    format!("{}.meaning", column.name),
                    column.meaning.to_owned(),
                ),
            ]
        });
        of_table.into_iter().chain(of_columns).collect()
    }

    /// Rows as a record batch, in the same order. The text, bytes or list items of one column must number fewer than 2^31.
    fn encode(rows: &[Self]) -> RecordBatch;

    /// Rows of a record batch, whose columns must have exactly this table's names, order, types and nullability. Text may be
    /// plain or dictionary-encoded.
    fn decode(batch: &RecordBatch) -> Result<Vec<Self>, SchemaError>;

    /// The row's values, in the order of the columns.
    fn values(&self) -> Vec<Value<'_>>;
}

/// What a table is, without its rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Description {
    /// Name of the table.
    pub name: &'static str,
    /// What one row is.
    pub row: &'static str,
    /// The columns, in order.
    pub columns: &'static [Column],
}

impl Description {
    /// Of a table.
    pub fn of<T: Table>() -> Self {
        Self {
            name: T::NAME,
            row: T::ROW,
            columns: T::columns(),
        }
    }
}

/// Rows of any table.
pub trait AnyRows: Send + Sync + std::fmt::Debug {
    /// What the table is.
    fn table(&self) -> Description;

    /// Number of rows.
    fn count(&self) -> usize;

    /// The values of a row, in the order of the columns.
    fn row(&self, place: usize) -> Vec<Value<'_>>;
}

impl<T: Table> AnyRows for Vec<T> {
    fn table(&self) -> Description {
        Description::of::<T>()
    }

    fn count(&self) -> usize {
        self.len()
    }

    fn row(&self, place: usize) -> Vec<Value<'_>> {
        self[place].values()
    }
}

impl<T: Table> AnyRows for &[T] {
    fn table(&self) -> Description {
        Description::of::<T>()
    }

    fn count(&self) -> usize {
        self.len()
    }

    fn row(&self, place: usize) -> Vec<Value<'_>> {
        self[place].values()
    }
}

/// A record batch is not of the table that it is read as.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Column names differ, or their order or number.
    #[error(
        "table {table}: expected the columns {expected}; found {found}. It was written by another version of this program: \
         remove it and let the pipeline make it again"
    )]
    Columns {
        /// Name of the table.
        table: &'static str,
        /// Expected names.
        expected: String,
        /// Names found.
        found: String,
    },
    /// A column has another type.
    #[error(
        "table {table}, column {column}: expected values of type {expected}; found {found}. It was written by another version of \
         this program: remove it and let the pipeline make it again"
    )]
    Type {
        /// Name of the table.
        table: &'static str,
        /// Name of the column.
        column: &'static str,
        /// Expected type.
        expected: Kind,
        /// Arrow type found.
        found: String,
    },
    /// A column may hold nulls and must not, or the other way round.
    #[error(
        "table {table}, column {column}: expected a column that {}; found one that {}. Write it again with this nullability",
        describe_nullability(*expected_nullable), describe_nullability(!*expected_nullable)
    )]
    Nullability {
        /// Name of the table.
        table: &'static str,
        /// Name of the column.
        column: &'static str,
        /// Whether nulls are expected to be allowed.
        expected_nullable: bool,
    },
    /// A value is absent, or an item of a list is, where none may be.
    #[error(
        "table {table}, column {column}: expected a value in every row; found {nulls} nulls. The file is damaged or was not written \
         by this program: remove it and let the pipeline make it again"
    )]
    Null {
        /// Name of the table.
        table: &'static str,
        /// Name of the column.
        column: &'static str,
        /// Number of nulls found.
        nulls: usize,
    },
}

fn describe_nullability(nullable: bool) -> &'static str {
    if nullable {
        "may hold nulls"
    } else {
        "holds no nulls"
    }
}

/// Makes a [`Table`] of a documented struct.
///
/// The doc comment of the struct says what one row is, that of a field what a value means. `#[keys(image, network)]` puts the columns first that say
/// what a row is about, and `#[nulls = reason]` a column last that says why others are null. A field has, in this order,
///
/// * `#[unit = "..."]`;
/// * `#[range(0 ..= 1)]` where not every finite number will do: an end is a number or another column, and may be missing;
/// * `#[null = free]` where it may be null without a reason in a table that gives reasons;
/// * `#[better = lower]` or `higher` where methods are compared by it;
/// * `#[reversed = negated]` where the reversed explanation has the negated value;
/// * `#[question = "..."]` where the report checks its answer by it;
/// * `#[heading = "..."]` where its name is no good heading.
#[macro_export]
macro_rules! table {
    (
        $(#[doc = $row:literal])+
        #[table = $table:literal]
        $(#[keys($($key:ident),+)])?
        $(#[nulls = $reason:ident])?
        pub struct $name:ident { $($fields:tt)* }
    ) => {
        $crate::table! { @keys [$($($key)+)?] [] { [$($row)+] $table $name } { $($fields)* } [$($reason)?] }
    };
    (@keys [image $($rest:ident)*] [$($done:tt)*] $($more:tt)*) => {
        $crate::table! { @keys [$($rest)*] [
            $($done)*
            #[doc = "Name of the image: its path below the image folder without its ending, `/` as `__`."]
            #[unit = "name"]
            pub image: String,
        ] $($more)* }
    };
    (@keys [network $($rest:ident)*] [$($done:tt)*] $($more:tt)*) => {
        $crate::table! { @keys [$($rest)*] [
            $($done)*
            #[doc = "Name of the network in pipeline.toml."]
            #[unit = "name"]
            pub network: String,
        ] $($more)* }
    };
    (@keys [partition $($rest:ident)*] [$($done:tt)*] $($more:tt)*) => {
        $crate::table! { @keys [$($rest)*] [
            $($done)*
            #[doc = "Name of the partition in pipeline.toml."]
            #[unit = "name"]
            pub partition: String,
        ] $($more)* }
    };
    (@keys [method $($rest:ident)*] [$($done:tt)*] $($more:tt)*) => {
        $crate::table! { @keys [$($rest)*] [
            $($done)*
            #[doc = "Name of the method in pipeline.toml."]
            #[unit = "name"]
            pub method: String,
        ] $($more)* }
    };
    (@keys [run $($rest:ident)*] [$($done:tt)*] $($more:tt)*) => {
        $crate::table! { @keys [$($rest)*] [
            $($done)*
            #[doc = "Number of the run, from 0."]
            #[unit = "run"]
            pub run: u32,
        ] $($more)* }
    };
    (@keys [] [$($done:tt)*] $head:tt { $($fields:tt)* } [reason]) => {
        $crate::table! { @table $head {
            $($done)*
            $($fields)*
            #[doc = "Why a value of this row is null, in words; null where no value is."]
            #[unit = "text"]
            #[null = free]
            pub reason: Option<String>,
        } }
    };
    (@keys [] [$($done:tt)*] $head:tt { $($fields:tt)* } []) => {
        $crate::table! { @table $head { $($done)* $($fields)* } }
    };
    (@table { [$($row:literal)+] $table:literal $name:ident } {
        $(
            $(#[doc = $meaning:literal])+
            #[unit = $unit:literal]
            $(#[range($($range:tt)+)])?
            $(#[null = $null:ident])?
            $(#[better = $better:ident])?
            $(#[reversed = $reversed:ident])?
            $(#[question = $question:literal])?
            $(#[heading = $heading:literal])?
            pub $field:ident: $type:ty,
        )+
    }) => {
        $(#[doc = $row])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $(
                $(#[doc = $meaning])+
                #[doc = concat!("\n\nUnit: ", $unit, ".")]
                pub $field: $type,
            )+
        }

        impl $crate::Table for $name {
            const NAME: &'static str = $table;
            const ROW: &'static str = concat!($($row),+).trim_ascii();

            fn columns() -> &'static [$crate::Column] {
                const GIVES_REASONS: bool = $crate::support::has_nullable(&[
                    $((stringify!($field), <$type as $crate::support::Cell>::NULLABLE)),+
                ], "reason");
                const COLUMNS: &[$crate::Column] = &[$($crate::Column {
                    name: stringify!($field),
                    unit: $unit,
                    meaning: concat!($($meaning),+).trim_ascii(),
                    kind: <$type as $crate::support::Cell>::KIND,
                    null: $crate::support::null(
                        <$type as $crate::support::Cell>::NULLABLE,
                        GIVES_REASONS,
                        $crate::support::first(&[$(stringify!($null))?]),
                    ),
                    range: $crate::range!($($($range)+)?),
                    better: $crate::support::better($crate::support::first(&[$(stringify!($better))?])),
                    negated: $crate::support::negated($crate::support::first(&[$(stringify!($reversed))?])),
                    question: $crate::support::first(&[$($question)?]),
                    heading: $crate::support::first(&[$($heading)?]),
                }),+];
                COLUMNS
            }

            fn schema() -> $crate::support::SchemaRef {
                static SCHEMA: std::sync::LazyLock<$crate::support::SchemaRef> =
                    std::sync::LazyLock::new($crate::support::schema_of::<$name>);
                SCHEMA.clone()
            }

            fn encode(rows: &[Self]) -> $crate::support::RecordBatch {
                let columns = vec![$(<$type as $crate::support::Cell>::encode(rows.iter().map(|row| &row.$field))),+];
                $crate::support::batch_of::<Self>(rows.len(), columns)
            }

            fn decode(batch: &$crate::support::RecordBatch) -> Result<Vec<Self>, $crate::SchemaError> {
                $crate::support::check::<Self>(batch)?;
                let mut columns = batch.columns().iter();
                $(let mut $field = columns.next().into_iter().flat_map(|column| <$type as $crate::support::Cell>::decode(column));)+
                Ok(std::iter::from_fn(|| Some($name { $($field: $field.next()?),+ })).collect())
            }

            fn values(&self) -> Vec<$crate::Value<'_>> {
                vec![$($crate::support::Cell::value(&self.$field)),+]
            }
        }
    };
}

#[cfg(test)]
mod tests;
