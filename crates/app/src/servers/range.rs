//! The `Range` header (RFC 9110, section 14): one range of bytes, or everything.

/// What to send of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it (200).
    Whole,
    /// `[from, to)` (206).
    Slice {
        /// First byte.
        from: u64,
        /// One past the last byte.
        to: u64,
    },
    /// Outside the file (416).
    Unsatisfiable,
}

/// Reads a `Range` header for a file of `size` bytes. Several ranges, other units and nonsense count as no range.
pub fn read(header: Option<&str>, size: u64) -> Part {
    let Some(spec) = header.and_then(|h| h.trim().strip_prefix("bytes=")) else { return Part::Whole };
    let Some((from, to)) = spec.split_once('-') else { return Part::Whole };
    match (from.trim().parse::<u64>(), to.trim().parse::<u64>()) {
        (Ok(from), _) if from >= size => Part::Unsatisfiable,
        (Ok(from), Ok(last)) if last >= from => Part::Slice { from, to: last.saturating_add(1).min(size) },
        (Ok(from), Err(_)) if to.trim().is_empty() => Part::Slice { from, to: size },
        (Err(_), Ok(0)) if from.trim().is_empty() => Part::Unsatisfiable,
        (Err(_), Ok(tail)) if from.trim().is_empty() => {
            Part::Slice { from: size.saturating_sub(tail), to: size }
        }
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let cases = [
            (None, Part::Whole),
            (Some("bytes=0-1"), Part::Slice { from: 0, to: 2 }),
            (Some("bytes=5-"), Part::Slice { from: 5, to: 10 }),
            (Some("bytes=-3"), Part::Slice { from: 7, to: 10 }),
            (Some("bytes=-30"), Part::Slice { from: 0, to: 10 }),
            (Some("bytes=8-99"), Part::Slice { from: 8, to: 10 }),
            (Some("bytes=10-"), Part::Unsatisfiable),
            (Some("bytes=-0"), Part::Unsatisfiable),
            (Some("bytes=5-2"), Part::Whole),
            (Some("bytes=0-1,4-5"), Part::Whole),
            (Some("lines=0-1"), Part::Whole),
            (Some("bytes=x-"), Part::Whole),
        ];
        for (header, part) in cases {
            assert_eq!(read(header, 10), part, "{header:?}");
        }
    }
}
