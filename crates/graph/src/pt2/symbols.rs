//! Formulas of sizes, such as `Mul(Integer(64), Symbol('s77', positive=True, integer=True))` or, in older files, `64*s77`.

use crate::op::Size;

/// Brackets within brackets that are followed.
const DEEPEST: usize = 32;

/// Characters of a formula that are read, each time that the formula is used.
const LONGEST: usize = 1024;

/// The formula as a multiple of the number of images, `batch` by name, and a constant; else what is in the way, as a sentence.
pub(super) fn affine(formula: &str, batch: &str) -> Result<Size, String> {
    if formula.len() > LONGEST {
        return Err(format!("it has more than {LONGEST} characters"));
    }
    let mut parser = Parser {
        rest: formula,
        batch,
        depth: 0,
    };
    let size = parser.sum()?;
    parser.skip_spaces();
    if parser.rest.is_empty() {
        Ok(size)
    } else {
        Err(format!("`{}` was not expected", shortened(parser.rest)))
    }
}

/// The symbol that a formula consists of.
pub(super) fn symbol(formula: &str) -> Option<&str> {
    let name = match formula.strip_prefix("Symbol('") {
        Some(rest) => rest.split('\'').next()?,
        None => formula,
    };
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(is_of_name);
    is_name.then_some(name)
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

struct Parser<'a> {
    rest: &'a str,
    batch: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    /// Takes `mark` if it comes next.
    fn takes(&mut self, mark: &str) -> bool {
        self.skip_spaces();
        let after = self.rest.strip_prefix(mark);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn expects(&mut self, mark: &str) -> Result<(), String> {
        if self.takes(mark) {
            Ok(())
        } else {
            Err(format!(
                "`{mark}` was expected before `{}`",
                shortened(self.rest)
            ))
        }
    }

    fn word(&mut self) -> &'a str {
        self.skip_spaces();
        let end = self.rest.bytes().position(|byte| !is_of_name(byte));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    fn sum(&mut self) -> Result<Size, String> {
        let mut sum = self.product()?;
        loop {
            if self.takes("+") {
                sum = add(sum, self.product()?)?;
            } else if self.takes("-") {
                sum = add(sum, multiply(whole(-1), self.product()?)?)?;
            } else {
                return Ok(sum);
            }
        }
    }

    fn product(&mut self) -> Result<Size, String> {
        let mut product = self.factor()?;
        loop {
            if self.takes("//") {
                product = divide(product, self.factor()?)?;
            } else if self.takes("*") {
                product = multiply(product, self.factor()?)?;
            } else {
                return Ok(product);
            }
        }
    }

    fn factor(&mut self) -> Result<Size, String> {
        let mut sign = 1;
        while self.takes("-") {
            sign = -sign;
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it has too many brackets".to_owned());
        }
        let factor = self.atom()?;
        self.depth -= 1;
        multiply(whole(sign), factor)
    }

    fn atom(&mut self) -> Result<Size, String> {
        if self.takes("(") {
            let inner = self.sum()?;
            self.expects(")")?;
            return Ok(inner);
        }
        let word = self.word();
        if word.starts_with(|first: char| first.is_ascii_digit()) {
            let number = word.parse();
            return number
                .map(whole)
                .map_err(|_| format!("`{}` is no integer of 64 bits", shortened(word)));
        }
        if !self.takes("(") {
            return self.named(word);
        }
        if word == "Symbol" {
            return self.symbol();
        }
        let mut arguments = vec![self.sum()?];
        while self.takes(",") {
            arguments.push(self.sum()?);
        }
        self.expects(")")?;
        match (word, &arguments[..]) {
            ("Integer", &[number]) => Ok(number),
            ("Add", terms) => terms.iter().try_fold(whole(0), |sum, &term| add(sum, term)),
            ("Mul", factors) => factors
                .iter()
                .try_fold(whole(1), |product, &factor| multiply(product, factor)),
            ("FloorDiv" | "CleanDiv", &[dividend, divisor]) => divide(dividend, divisor),
            _ => Err(format!("it needs `{}`", shortened(word))),
        }
    }

    /// `'s77', positive=True, integer=True)`.
    fn symbol(&mut self) -> Result<Size, String> {
        self.expects("'")?;
        let name = self.word();
        self.expects("'")?;
        while self.takes(",") {
            self.word();
            self.expects("=")?;
            self.word();
        }
        self.expects(")")?;
        self.named(name)
    }

    fn named(&self, name: &str) -> Result<Size, String> {
        if name == self.batch {
            Ok(Size { each: 1, fixed: 0 })
        } else {
            Err(format!(
                "it depends on `{}`, which is not the number of images",
                shortened(name)
            ))
        }
    }
}

fn whole(fixed: i64) -> Size {
    Size { each: 0, fixed }
}

fn add(left: Size, right: Size) -> Result<Size, String> {
    let sum = || {
        Some(Size {
            each: left.each.checked_add(right.each)?,
            fixed: left.fixed.checked_add(right.fixed)?,
        })
    };
    sum().ok_or_else(too_large)
}

fn multiply(left: Size, right: Size) -> Result<Size, String> {
    let (size, factor) = if right.each == 0 {
        (left, right.fixed)
    } else {
        (right, left.fixed)
    };
    if left.each != 0 && right.each != 0 {
        return Err("it grows with the square of the number of images".to_owned());
    }
    let product = || {
        Some(Size {
            each: size.each.checked_mul(factor)?,
            fixed: size.fixed.checked_mul(factor)?,
        })
    };
    product().ok_or_else(too_large)
}

/// Rounds down; both parts must not need it where one grows.
fn divide(left: Size, right: Size) -> Result<Size, String> {
    if right.each != 0 || right.fixed <= 0 {
        return Err("it divides by what is not a positive number".to_owned());
    }
    if left.each % right.fixed != 0 {
        return Err("it rounds a share of the number of images".to_owned());
    }
    Ok(Size {
        each: left.each / right.fixed,
        fixed: left.fixed.div_euclid(right.fixed),
    })
}

fn too_large() -> String {
    "it does not fit into 64 bits".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(formula: &str) -> Result<(i64, i64), String> {
        affine(formula, "s77").map(|size| (size.each, size.fixed))
    }

    #[test]
    fn formulas_of_the_number_of_images_are_read_in_both_notations() {
        for (formula, expected) in [
            ("Symbol('s77', positive=True, integer=True)", (1, 0)),
            (
                "Mul(Integer(64), Symbol('s77', positive=True, integer=True))",
                (64, 0),
            ),
            ("Add(Integer(-1), Mul(Integer(2), Symbol('s77')))", (2, -1)),
            (
                "FloorDiv(Add(Mul(Integer(64), Symbol('s77')), Integer(9)), Integer(4))",
                (16, 2),
            ),
            ("s77", (1, 0)),
            ("64*s77 - 3", (64, -3)),
            ("-(2 + s77)*3", (-3, -6)),
            ("(8*s77 + 7)//4", (2, 1)),
            ("196", (0, 196)),
        ] {
            assert_eq!(size(formula), Ok(expected), "{formula}");
        }
    }

    #[test]
    fn what_is_no_multiple_of_the_number_of_images_is_refused_with_a_reason() {
        for (formula, reason) in [
            ("Symbol('s12')", "depends on `s12`"),
            ("s77*s77", "square"),
            ("s77//2", "rounds"),
            ("8//s77", "divides"),
            ("Max(s77, 1)", "`Max`"),
            ("s77 s77", "not expected"),
            ("9223372036854775807 + 1", "64 bits"),
            ("99999999999999999999", "64 bits"),
            ("", "depends on"),
        ] {
            let refusal = size(formula).unwrap_err();
            assert!(refusal.contains(reason), "{formula}: {refusal}");
        }
        let deep = "(".repeat(LONGEST);
        assert!(size(&deep).unwrap_err().contains("brackets"));
        let long = "(".repeat(LONGEST + 1);
        assert!(size(&long).unwrap_err().contains("characters"));
    }
}
