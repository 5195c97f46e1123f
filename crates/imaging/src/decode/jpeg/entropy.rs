//! Reads all segments and all codes of a JPEG file without drawing it, so that missing and damaged data are noticed.
//!
//! Numbers in parentheses are clauses of ITU-T T.81. Fill bytes and bytes left over at the end of a scan are forgiven, as
//! all decoders do.

use image::metadata::Orientation;

use super::bits::{Bits, Codes, Lost, next_marker};
use super::{Component, Frame};
use crate::decode::{DecodeError, Format};

/// Most scans of a file: libjpeg writes ten, and each costs a pass over the picture.
const MOST_SCANS: usize = 100;
/// Coefficients of a block.
const BLOCK: usize = 64;

/// No bit of a coefficient has been read.
const UNREAD: u8 = u8::MAX;

enum Fault {
    /// The file ends.
    Short,
    /// A marker stands where data are due, in this row of pixels.
    Missing(usize),
    Damaged(String),
    Unsupported(String),
}

fn damaged<T>(reason: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Damaged(reason.into()))
}

fn unsupported<T>(reason: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Unsupported(reason.into()))
}

/// The frame header, which lies before the pixels.
pub(crate) fn frame(bytes: &[u8]) -> Result<Frame, DecodeError> {
    let mut walk = Walk::new(bytes);
    while !walk.is_at_pixels() {
        walk.step().map_err(|fault| in_file(fault, bytes, None))?;
    }
    walk.frame().map_err(|fault| in_file(fault, bytes, None))
}

/// The frame and its scans, after every code of the file was read.
pub(crate) fn check(bytes: &[u8]) -> Result<Frame, DecodeError> {
    let mut walk = Walk::new(bytes);
    match walk.follow() {
        Ok(()) => walk.frame().map_err(|fault| in_file(fault, bytes, None)),
        Err(fault) => Err(in_file(fault, bytes, walk.frame.as_ref())),
    }
}

fn in_file(fault: Fault, bytes: &[u8], frame: Option<&Frame>) -> DecodeError {
    let (format, length) = (Format::Jpeg.name(), bytes.len());
    let damaged = |reason| DecodeError::Damaged {
        format,
        length,
        reason,
    };
    match fault {
        Fault::Short => DecodeError::Truncated { format, length },
        Fault::Missing(row) => {
            let height = frame.map_or(0, |frame| frame.height);
            damaged(format!("its data end in row {row} of {height}"))
        }
        Fault::Damaged(reason) => damaged(reason),
        Fault::Unsupported(reason) => DecodeError::Unsupported { format, reason },
    }
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    frame: Option<Frame>,
    /// What the camera noted, in the first Exif segment.
    orientation: Option<Orientation>,
    codes: Tables,
    /// Units between restart markers; 0: there are none.
    restart: usize,
    /// Of each component and block of a progressive file, the coefficients that are not zero so far.
    known: Vec<Vec<u64>>,
    /// By component and coefficient, the lowest bit that has been read; [`UNREAD`] at first.
    lowest: [[u8; BLOCK]; 4],
}

/// Huffman tables by class (DC, AC) and place.
type Tables = [[Option<Codes>; 4]; 2];

impl<'a> Walk<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            // Behind the start of image.
            at: 2,
            frame: None,
            orientation: None,
            codes: Tables::default(),
            restart: 0,
            known: Vec::new(),
            lowest: [[UNREAD; BLOCK]; 4],
        }
    }

    fn is_at_pixels(&self) -> bool {
        self.frame.is_some() && next_marker(self.bytes, &mut self.at.clone()) == Some(0xDA)
    }

    fn frame(self) -> Result<Frame, Fault> {
        let orientation = self.orientation.unwrap_or(Orientation::NoTransforms);
        self.frame
            .map(|frame| Frame {
                orientation,
                ..frame
            })
            .ok_or(Fault::Short)
    }

    fn follow(&mut self) -> Result<(), Fault> {
        while self.step()? {}
        let components = self
            .frame
            .as_ref()
            .map_or(0, |frame| frame.components.len());
        let lowest = &self.lowest[..components];
        if lowest.as_flattened().iter().any(|&bit| bit > 0) {
            return damaged("some of its scans are missing");
        }
        Ok(())
    }

    /// Reads one segment, and the data behind it if it starts a scan; false at the end of the image.
    fn step(&mut self) -> Result<bool, Fault> {
        let marker = next_marker(self.bytes, &mut self.at).ok_or(Fault::Short)?;
        match marker {
            // Restart, start of image and TEM have no segment.
            0xD0..=0xD8 | 0x01 => return Ok(true),
            0xD9 if self.frame.is_none() => return damaged("it has no picture"),
            0xD9 => return Ok(false),
            _ => {}
        }
        let segment = self.segment()?;
        match marker {
            0xC0..=0xC2 => self.start_frame(marker, segment)?,
            0xC3 | 0xC5..=0xC7 => return unsupported("lossless or hierarchical coding"),
            0xC4 => self.define_codes(segment)?,
            0xC9..=0xCF => return unsupported("arithmetic coding"),
            0xDA => self.scan(segment)?,
            0xE1 if self.orientation.is_none() => {
                let exif = segment.strip_prefix(b"Exif\0\0");
                self.orientation = exif.and_then(Orientation::from_exif_chunk);
            }
            0xDD => self.restart = segment.first_chunk().map_or(0, |two| number(*two)),
            _ => {}
        }
        Ok(true)
    }

    fn segment(&mut self) -> Result<&'a [u8], Fault> {
        let rest = &self.bytes[self.at..];
        let length = number(*rest.first_chunk().ok_or(Fault::Short)?).max(2);
        self.at += length;
        rest.get(2..length).ok_or(Fault::Short)
    }

    /// Frame header (B.2.2).
    fn start_frame(&mut self, marker: u8, segment: &[u8]) -> Result<(), Fault> {
        if self.frame.is_some() {
            return unsupported("several frames");
        }
        let [precision, y1, y0, x1, x0, count, rest @ ..] = segment else {
            return damaged("its frame header is cut short");
        };
        if *precision != 8 {
            return unsupported(format!("{precision} bits in a channel"));
        }
        if ![1, 3, 4].contains(count) {
            return unsupported(format!("{count} colour components"));
        }
        let height = number([*y1, *y0]);
        if height == 0 {
            return unsupported("a height that stands behind the pixels");
        }
        let (components, _) = rest.as_chunks();
        let components: Vec<Component> = components
            .iter()
            .take(usize::from(*count))
            .map(|&[id, factors, _]| Component {
                id,
                factors: [usize::from(factors & 15), usize::from(factors >> 4)],
            })
            .collect();
        let mut factors = components.iter().flat_map(|component| component.factors);
        if components.len() != usize::from(*count)
            || factors.any(|factor| !(1..=4).contains(&factor))
        {
            return damaged("its frame header contradicts itself");
        }
        self.frame = Some(Frame {
            height,
            width: number([*x1, *x0]),
            progressive: marker == 0xC2,
            components,
            scans: Vec::new(),
            orientation: Orientation::NoTransforms,
        });
        Ok(())
    }

    /// Huffman tables (B.2.4.2).
    fn define_codes(&mut self, segment: &[u8]) -> Result<(), Fault> {
        let short = || Fault::Damaged("a Huffman table is cut short".to_owned());
        let mut rest = segment;
        while let Some((&place, after)) = rest.split_first() {
            let (lengths, after) = after.split_first_chunk::<16>().ok_or_else(short)?;
            let count = lengths.iter().map(|&count| usize::from(count)).sum();
            let (symbols, after) = after.split_at_checked(count).ok_or_else(short)?;
            let table = self.codes.get_mut(usize::from(place >> 4));
            let table = table.and_then(|class| class.get_mut(usize::from(place & 15)));
            let (Some(table), Some(codes)) = (table, Codes::new(lengths, symbols)) else {
                return damaged("a Huffman table contradicts itself");
            };
            *table = Some(codes);
            rest = after;
        }
        Ok(())
    }

    /// Scan header (B.2.3) and the data behind it.
    fn scan(&mut self, header: &[u8]) -> Result<(), Fault> {
        let contradiction = || Fault::Damaged("a scan header contradicts itself".to_owned());
        let frame = self.frame.as_mut().ok_or_else(contradiction)?;
        let scan = Scan::read(header, frame).ok_or_else(contradiction)?;
        frame
            .scans
            .push(scan.parts.iter().map(|part| part.component).collect());
        if frame.scans.len() > MOST_SCANS {
            return unsupported(format!("more than {MOST_SCANS} scans"));
        }
        if frame.progressive && self.known.is_empty() {
            let blocks = |component| frame.padded_blocks(component).iter().product();
            self.known = frame
                .components
                .iter()
                .map(|component| vec![0; blocks(component)])
                .collect();
        }
        for part in &scan.parts {
            self.lowest[part.component][scan.first..=scan.last].fill(scan.low);
        }
        // Frames of a video leave their tables out; the decoders know them.
        if scan
            .parts
            .iter()
            .all(|part| part.has_codes(&self.codes, &scan))
        {
            self.data(&scan)?;
        }
        Ok(())
    }

    /// The entropy-coded data of a scan (F.2, G.2).
    fn data(&mut self, scan: &Scan) -> Result<(), Fault> {
        let [down, across] = scan.units;
        let mut data = Data {
            bits: Bits {
                bytes: self.bytes,
                at: self.at,
                held: 0,
                count: 0,
            },
            codes: &self.codes,
            known: &mut self.known,
            run: 0,
        };
        let height = self.frame.as_ref().map_or(0, |frame| frame.height);
        for (y, x) in (0..down).flat_map(|y| (0..across).map(move |x| (y, x))) {
            let unit = y * across + x;
            let restarted = if self.restart > 0 && unit > 0 && unit % self.restart == 0 {
                data.restart((unit / self.restart - 1) % 8)
            } else {
                Ok(())
            };
            restarted
                .and_then(|()| data.unit(scan, y, x))
                .map_err(|lost| match lost {
                    Lost::Data if !data.bits.marker_follows() => Fault::Short,
                    Lost::Data => Fault::Missing(y * height / down),
                    Lost::Code => Fault::Damaged(format!(
                        "a code in row {} of {height} has no meaning",
                        y * height / down
                    )),
                })?;
        }
        self.at = data.bits.at;
        Ok(())
    }
}

impl Frame {
    /// Units of a scan of several components, down and across (A.2.3).
    fn units(&self) -> [usize; 2] {
        let [down, across] = self.finest();
        [
            self.height.div_ceil(8 * down),
            self.width.div_ceil(8 * across),
        ]
    }

    /// Blocks of a component in a scan of several, down and across.
    fn padded_blocks(&self, component: &Component) -> [usize; 2] {
        let ([down, across], [vertical, horizontal]) = (self.units(), component.factors);
        [down * vertical, across * horizontal]
    }

    /// Blocks of a component in a scan of its own, down and across (A.2.2).
    fn own_blocks(&self, component: &Component) -> [usize; 2] {
        let ([down, across], [vertical, horizontal]) = (self.finest(), component.factors);
        let blocks = |side: usize, factor: usize, finest: usize| {
            (side * factor).div_ceil(finest).div_ceil(8)
        };
        [
            blocks(self.height, vertical, down),
            blocks(self.width, horizontal, across),
        ]
    }
}

struct Scan {
    parts: Vec<Part>,
    /// Units down and across.
    units: [usize; 2],
    progressive: bool,
    first: usize,
    last: usize,
    refines: bool,
    /// The lowest bit that it has of its coefficients.
    low: u8,
}

/// A component in a scan.
struct Part {
    component: usize,
    dc: usize,
    ac: usize,
    /// Blocks of a unit, down and across.
    blocks: [usize; 2],
    /// Blocks across the whole picture, padding included.
    width: usize,
}

impl Scan {
    fn read(header: &[u8], frame: &Frame) -> Option<Self> {
        let (&count, rest) = header.split_first()?;
        let (members, rest) = rest.split_at_checked(2 * usize::from(count))?;
        let &[first, last, approximation, ..] = rest else {
            return None;
        };
        let (members, _) = members.as_chunks();
        let alone = members.len() == 1;
        let parts = members
            .iter()
            .map(|&member| Part::read(member, frame, alone))
            .collect::<Option<Vec<_>>>()?;
        let units = match parts.as_slice() {
            [] => return None,
            [part] => frame.own_blocks(&frame.components[part.component]),
            _ => frame.units(),
        };
        let (first, last) = if frame.progressive {
            (usize::from(first), usize::from(last))
        } else {
            (0, BLOCK - 1)
        };
        // DC coefficients have scans of their own in a progressive file, and AC coefficients one for each component (G.1.1.1.1).
        let sound = last < BLOCK
            && if first == 0 {
                last == 0
            } else {
                first <= last && alone
            };
        (sound || !frame.progressive).then_some(Self {
            parts,
            units,
            progressive: frame.progressive,
            first,
            last,
            refines: approximation >> 4 > 0,
            low: if frame.progressive {
                approximation & 15
            } else {
                0
            },
        })
    }
}

impl Part {
    fn read([id, tables]: [u8; 2], frame: &Frame, alone: bool) -> Option<Self> {
        let component = frame
            .components
            .iter()
            .position(|component| component.id == id)?;
        let found = &frame.components[component];
        Some(Self {
            component,
            dc: usize::from(tables >> 4).min(3),
            ac: usize::from(tables & 15).min(3),
            blocks: if alone { [1, 1] } else { found.factors },
            width: frame.padded_blocks(found)[1],
        })
    }

    /// Whether the tables that the scan reads are there.
    fn has_codes(&self, codes: &Tables, scan: &Scan) -> bool {
        let dc =
            scan.first > 0 || (scan.progressive && scan.refines) || codes[0][self.dc].is_some();
        let ac = scan.last == 0 || codes[1][self.ac].is_some();
        dc && ac
    }
}

struct Data<'a> {
    bits: Bits<'a>,
    codes: &'a Tables,
    known: &'a mut [Vec<u64>],
    /// Blocks that follow without a code of their own (G.1.2.2).
    run: usize,
}

impl Data<'_> {
    fn restart(&mut self, number: usize) -> Result<(), Lost> {
        self.run = 0;
        self.bits.restart(number)
    }

    fn unit(&mut self, scan: &Scan, y: usize, x: usize) -> Result<(), Lost> {
        for part in &scan.parts {
            let [rows, columns] = part.blocks;
            for block in 0..rows * columns {
                let row = y * rows + block / columns;
                let column = x * columns + block % columns;
                self.block(scan, part, row * part.width + column)?;
            }
        }
        Ok(())
    }

    fn block(&mut self, scan: &Scan, part: &Part, at: usize) -> Result<(), Lost> {
        match (scan.first, scan.refines && scan.progressive) {
            (0, true) => self.bits.take(1).map(drop),
            (0, false) => {
                let size = self.bits.symbol(self.codes[0][part.dc].as_ref())?;
                self.bits.take(size)?;
                if scan.progressive {
                    Ok(())
                } else {
                    self.coefficients(part)
                }
            }
            (_, false) => self.first_bits(scan, part, at),
            (_, true) => self.refinement(scan, part, at),
        }
    }

    /// The AC coefficients of a sequential file (F.2.2.2).
    fn coefficients(&mut self, part: &Part) -> Result<(), Lost> {
        let mut at = 1;
        while at < BLOCK {
            let (zeros, size) = self.bits.zeros_and_size(self.codes[1][part.ac].as_ref())?;
            at += zeros;
            match size {
                0 if zeros == 15 => {}
                0 => break,
                _ if at >= BLOCK => return Err(Lost::Code),
                _ => self.bits.take(size).map(drop)?,
            }
            at += 1;
        }
        Ok(())
    }

    /// The first bits of a band of AC coefficients (G.1.2.2).
    fn first_bits(&mut self, scan: &Scan, part: &Part, block: usize) -> Result<(), Lost> {
        if self.run > 0 {
            self.run -= 1;
            return Ok(());
        }
        let mut at = scan.first;
        while at <= scan.last {
            let (zeros, size) = self.bits.zeros_and_size(self.codes[1][part.ac].as_ref())?;
            match size {
                0 if zeros < 15 => {
                    self.run = (1 << zeros) - 1 + self.bits.take(zeros)?;
                    break;
                }
                0 => {}
                _ if at + zeros > scan.last => return Err(Lost::Code),
                _ => {
                    self.bits.take(size)?;
                    self.known[part.component][block] |= 1 << (at + zeros);
                }
            }
            at += zeros + 1;
        }
        Ok(())
    }

    /// One more bit of a band of AC coefficients (G.1.2.3).
    fn refinement(&mut self, scan: &Scan, part: &Part, block: usize) -> Result<(), Lost> {
        let mut at = scan.first;
        while self.run == 0 && at <= scan.last {
            let (zeros, size) = self.bits.zeros_and_size(self.codes[1][part.ac].as_ref())?;
            if size == 0 && zeros < 15 {
                self.run = (1 << zeros) + self.bits.take(zeros)?;
                break;
            }
            self.bits.take(size)?;
            let known = self.known[part.component][block];
            at = self.correct(known, at..scan.last + 1, zeros)?;
            if size > 0 {
                if size > 1 || at > scan.last {
                    return Err(Lost::Code);
                }
                self.known[part.component][block] |= 1 << at;
            }
            at += 1;
        }
        if self.run > 0 {
            let known = self.known[part.component][block];
            self.correct(known, at..scan.last + 1, BLOCK)?;
            self.run -= 1;
        }
        Ok(())
    }

    /// Reads a bit for each known coefficient of a band up to the zero behind so many others, whose place it gives.
    fn correct(
        &mut self,
        known: u64,
        band: std::ops::Range<usize>,
        zeros: usize,
    ) -> Result<usize, Lost> {
        let end = band.end;
        let mut passed = 0;
        for at in band {
            if known >> at & 1 == 1 {
                self.bits.take(1)?;
            } else if passed == zeros {
                return Ok(at);
            } else {
                passed += 1;
            }
        }
        Ok(end)
    }
}

fn number(bytes: [u8; 2]) -> usize {
    usize::from(u16::from_be_bytes(bytes))
}
