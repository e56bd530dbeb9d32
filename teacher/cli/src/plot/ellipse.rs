//! A Gaussian as an ellipse.

use super::axis::Axis;

/// Standard deviations from the middle to the rim.
pub(crate) const DEVIATIONS: f64 = 2.0;

/// An ellipse within a panel, pixels and degrees clockwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ellipse {
    pub(crate) radii: (f64, f64),
    pub(crate) turned: f64,
}

impl Ellipse {
    /// The rim of a Gaussian with a covariance over two axes, `((xx, xy), yy)`, whose panels are so many pixels long: `x` to
    /// the right, `y` upwards.
    pub(crate) fn of(
        ((xx, xy), yy): ((f64, f64), f64),
        (x_axis, x_length): (&Axis, f64),
        (y_axis, y_length): (&Axis, f64),
    ) -> Self {
        let (x_unit, y_unit) = (x_length / x_axis.length(), -y_length / y_axis.length());
        // One at a time: the square of a small axis may be too small for a number.
        let (xx, xy, yy) = (xx * x_unit * x_unit, xy * x_unit * y_unit, yy * y_unit * y_unit);
        let (mean, half) = (f64::midpoint(xx, yy), (xx - yy) / 2.0);
        let off = half.hypot(xy);
        let radius = |variance: f64| {
            let radius = DEVIATIONS * variance.max(0.0).sqrt();
            // A rim that cannot be seen says nothing, and one beyond every screen is a line there.
            if radius.is_finite() { radius.clamp(1.5, 1e5) } else { 1.5 }
        };
        let turned = (0.5 * xy.atan2(half)).to_degrees();
        Self {
            radii: (radius(mean + off), radius(mean - off)),
            turned: if turned.is_finite() { turned } else { 0.0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Scale;

    #[test]
    fn a_covariance_becomes_an_ellipse_in_pixels() {
        let axis = |high| Axis { name: String::new(), low: 0.0, high, scale: Scale::Linear };
        for (covariance, radii, turned) in [
            // A tenth of either axis: 10 px and 20 px of 100 and 200.
            (((0.01, 0.0), 0.04), (40.0, 20.0), 90.0_f64),
            (((0.01, 0.0), 0.01), (20.0, 20.0), 0.0),
            // Both grow together: to the right and upwards, which is against the clock.
            (((0.01, 0.0099), 0.01), (28.2, 2.0), -45.0),
            (((0.0, 0.0), 0.0), (1.5, 1.5), 0.0),
            (((f64::NAN, 0.0), 0.0), (1.5, 1.5), 0.0),
            (((1e300, 0.0), 0.0), (1e5, 1.5), 0.0),
        ] {
            let (high, length) = if turned > 45.0 { (2.0, 200.0) } else { (1.0, 100.0) };
            let ellipse = Ellipse::of(covariance, (&axis(1.0), 100.0), (&axis(high), length));
            assert!((ellipse.radii.0 - radii.0).abs() < 0.1, "{ellipse:?}");
            assert!((ellipse.radii.1 - radii.1).abs() < 0.1, "{ellipse:?}");
            assert!((ellipse.turned.abs() - turned.abs()).abs() < 0.1, "{ellipse:?}");
            assert!(turned >= 0.0 || ellipse.turned < 0.0, "{ellipse:?}");
        }
    }
}
