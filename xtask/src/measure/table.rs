//! Tables in Markdown, for a terminal as well as for a page.

/// Prints a table; the columns between the first and the last hold numbers.
pub(crate) fn print<const N: usize>(head: [&str; N], rows: &[[String; N]]) {
    println!("\n{}", drawn(head, rows));
}

/// Writes a number with two digits after the point where they matter.
pub(crate) fn digits(number: f64) -> String {
    if number.fract() == 0.0 || number.abs() >= 100.0 {
        format!("{number:.0}")
    } else if number.abs() >= 10.0 {
        format!("{number:.1}")
    } else {
        format!("{number:.2}")
    }
}

fn drawn<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let head = head.map(str::to_owned);
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().chain([&head]).map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    });
    let is_number = |column: usize| column > 0 && column + 1 < N;
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            if is_number(column) {
                format!(" {cell:>width$} |")
            } else {
                format!(" {cell:width$} |")
            }
        });
        format!("|{}", cells.collect::<String>())
    };
    let rule = widths.iter().enumerate().map(|(column, width)| {
        let end = if is_number(column) { ':' } else { '-' };
        format!("-{}{end}|", "-".repeat(*width))
    });
    let rule = format!("|{}", rule.collect::<String>());
    let lines: Vec<String> = [line(&head), rule].into_iter().chain(rows.iter().map(line)).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_on_the_right_of_their_column() {
        let table = drawn(["what", "how much", ""], &[["a".into(), "1 ms".into(), "ok".into()]]);
        let lines =
            ["| what | how much |    |", "|------|---------:|----|", "| a    |     1 ms | ok |"];
        assert_eq!(table, lines.join("\n"));
    }

    #[test]
    fn numbers_have_the_digits_that_matter() {
        let shown = [3.0, 0.256, 22.34, 123.4, -0.5, -123.4].map(digits);
        assert_eq!(shown, ["3", "0.26", "22.3", "123", "-0.50", "-123"]);
    }
}
