//! The colours of the pictures, each with its one meaning.
//!
//! Chosen so that red-green and blue-yellow colour blindness keep them apart, and so that their brightness alone does in
//! print: sky lightest, then earth, obstacles, and the walker's outlines darkest. Hues follow Okabe and Ito's set ("Color
//! Universal Design", 2008): blue, orange, reddish purple, bluish green.

/// A colour with its opacity, 0 to 255 each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Color {
    pub(crate) red: u8,
    pub(crate) green: u8,
    pub(crate) blue: u8,
    pub(crate) opacity: u8,
}

impl Color {
    const fn rgb(code: u32) -> Self {
        let [_, red, green, blue] = code.to_be_bytes();
        Self { red, green, blue, opacity: 255 }
    }

    pub(crate) const fn with_opacity(self, opacity: u8) -> Self {
        Self { opacity, ..self }
    }
}

pub(crate) const PAPER: Color = Color::rgb(0xff_ff_ff);
pub(crate) const SKY: Color = Color::rgb(0xf1_f6_fa);
pub(crate) const EARTH: Color = Color::rgb(0xd8_cc_ba);
pub(crate) const GROUND_LINE: Color = Color::rgb(0x5b_4b_3a);
pub(crate) const OBSTACLE: Color = Color::rgb(0x8b_96_a3);
pub(crate) const OBSTACLE_LINE: Color = Color::rgb(0x3a_44_4f);
pub(crate) const HULL: Color = Color::rgb(0x2f_7d_bd);
pub(crate) const HULL_LINE: Color = Color::rgb(0x12_3f_66);
pub(crate) const NEAR_LEG: Color = Color::rgb(0xf0_a0_2c);
pub(crate) const NEAR_LEG_LINE: Color = Color::rgb(0x85_4d_06);
pub(crate) const FAR_LEG: Color = Color::rgb(0xa3_6a_1d);
pub(crate) const FAR_LEG_LINE: Color = Color::rgb(0x55_34_0a);
pub(crate) const LIDAR: Color = Color::rgb(0xb0_3a_86);
pub(crate) const START: Color = Color::rgb(0x00_8f_68);
pub(crate) const TEXT: Color = Color::rgb(0x1d_24_2c);
pub(crate) const LABEL: Color = Color::rgb(0x52_5d_69);
