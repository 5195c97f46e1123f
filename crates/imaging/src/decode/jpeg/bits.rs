//! Codes and bits of the entropy-coded data of a JPEG file.

/// Why there is no next code.
pub(super) enum Lost {
    /// A marker, or the end of the file, is there instead.
    Data,
    /// No code begins so, or what it says is out of range.
    Code,
}

/// The length and the symbol of the code that the next 16 bits begin with; length 0 where none does.
pub(super) struct Codes(Vec<(u8, u8)>);

impl Codes {
    /// From the number of codes of each length and their symbols (C.2).
    pub(super) fn new(lengths: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = Vec::with_capacity(1 << 16);
        let mut symbols = symbols.iter();
        for (length, &count) in (1..=16).zip(lengths) {
            for &symbol in symbols.by_ref().take(usize::from(count)) {
                table.resize(table.len() + (1 << (16 - length)), (length, symbol));
            }
        }
        (table.len() <= 1 << 16).then(|| {
            table.resize(1 << 16, (0, 0));
            Self(table)
        })
    }
}

/// Bits of entropy-coded data, without the zero behind each byte 255 (F.1.2.3).
pub(super) struct Bits<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    /// The last `count` bits are the next ones.
    pub(super) held: u64,
    pub(super) count: usize,
}

impl Bits<'_> {
    fn fill(&mut self) {
        while self.count <= 48 {
            let step = match self.bytes[self.at..] {
                [255, 0, ..] => 2,
                [255, ..] | [] => return,
                _ => 1,
            };
            self.held = self.held << 8 | u64::from(self.bytes[self.at]);
            self.count += 8;
            self.at += step;
        }
    }

    pub(super) fn take(&mut self, count: usize) -> Result<usize, Lost> {
        if count > 16 {
            return Err(Lost::Code);
        }
        if self.count < count {
            self.fill();
        }
        self.count = self.count.checked_sub(count).ok_or(Lost::Data)?;
        Ok((self.held >> self.count) as usize & ((1 << count) - 1))
    }

    pub(super) fn symbol(&mut self, codes: Option<&Codes>) -> Result<usize, Lost> {
        if self.count < 16 {
            self.fill();
        }
        let next = if self.count < 16 {
            self.held << (16 - self.count)
        } else {
            self.held >> (self.count - 16)
        };
        let (length, symbol) = codes.ok_or(Lost::Code)?.0[usize::from(next as u16)];
        match usize::from(length) {
            0 if self.count < 16 => Err(Lost::Data),
            0 => Err(Lost::Code),
            length => self.take(length).map(|_| usize::from(symbol)),
        }
    }

    pub(super) fn zeros_and_size(&mut self, codes: Option<&Codes>) -> Result<(usize, usize), Lost> {
        let symbol = self.symbol(codes)?;
        Ok((symbol >> 4, symbol & 15))
    }

    /// Goes behind the restart marker of that number, which must be the next marker.
    pub(super) fn restart(&mut self, number: usize) -> Result<(), Lost> {
        self.count = 0;
        let mut at = self.at;
        let marker = next_marker(self.bytes, &mut at);
        if marker.map(usize::from) != Some(0xD0 + number) {
            return Err(Lost::Data);
        }
        self.at = at;
        Ok(())
    }

    pub(super) fn marker_follows(&self) -> bool {
        next_marker(self.bytes, &mut self.at.clone()).is_some()
    }
}

/// The next marker's code from `at` on, over other bytes; `at` moves behind it.
pub(super) fn next_marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    while let Some(&[first, second]) = bytes.get(*at..*at + 2) {
        *at += 1;
        if first == 0xFF && second != 0x00 && second != 0xFF {
            *at += 1;
            return Some(second);
        }
    }
    None
}
