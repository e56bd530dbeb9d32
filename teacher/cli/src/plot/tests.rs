//! What every drawing keeps: it is well formed, everything has a place and is there, and names are nothing but text.

use roxmltree::{Document, Node};

use super::*;

const NASTY: &str = "a<b>&\"c'\u{7}]]> größe 語";

fn axis(name: &str, low: f64, high: f64, scale: Scale) -> Axis {
    Axis { name: name.to_owned(), low, high, scale }
}

/// A space of so many axes, of all scales and with long and strange names.
fn axes(count: usize) -> Vec<Axis> {
    let kinds = [
        axis(NASTY, 0.0, 3.0, Scale::Linear),
        axis("rate", 1e-5, 1.0, Scale::Logarithmic),
        axis("steps", 1.0, 5.0, Scale::Integer),
        axis(&"long_name_".repeat(6), -1e9, 1e9, Scale::Linear),
    ];
    (0..count).map(|index| kinds[index % kinds.len()].clone()).collect()
}

fn picture(axes: Vec<Axis>, points: usize, components: usize) -> Picture {
    let value = |axis: &Axis, share: f64| match axis.scale {
        Scale::Linear => axis.low + share * (axis.high - axis.low),
        Scale::Logarithmic => (axis.low.ln() + share * axis.length()).exp(),
        Scale::Integer => (axis.low + share * (axis.high - axis.low)).round(),
    };
    let at = |share: f64| axes.iter().map(|axis| value(axis, share)).collect::<Vec<f64>>();
    let covariance = || {
        let of = |one: &Axis, other: &Axis, same: f64| same * 0.01 * one.length() * other.length();
        let row = |index: usize| {
            (0..axes.len())
                .map(|other| of(&axes[index], &axes[other], if index == other { 1.0 } else { 0.5 }))
                .collect()
        };
        (0..axes.len()).map(row).collect()
    };
    let points: Vec<PlotPoint> = (0..points)
        .map(|index| PlotPoint {
            values: at(index as f64 / points as f64),
            measured: (index % 5 != 0).then_some(index as f64 / points as f64),
        })
        .collect();
    Picture {
        title: format!("{NASTY}: after {} episodes", points.len()),
        subtitle: NASTY.to_owned(),
        components: (0..components)
            .map(|index| PlotComponent {
                weight: 1.0 / components as f64,
                mean_alp: index as f64 / 10.0,
                mean: at(0.5),
                covariance: covariance(),
            })
            .collect(),
        boxes: Vec::new(),
        particles: Vec::new(),
        range: Range::from_zero(points.iter().filter_map(|point| point.measured), []),
        extent: Range { low: 0.0, high: 1.0 },
        points,
        axes,
        measure: Measure::Alp { units: NASTY.to_owned() },
    }
}

/// A tree with so many regions: the latest leaf is halved, along one axis after the other.
fn tree(axes: &[Axis], regions: usize) -> Vec<PlotBox> {
    let whole = |ends: fn(&Axis) -> (f64, f64)| axes.iter().map(ends).unzip();
    let (low, high) = whole(|axis| match axis.scale {
        Scale::Integer => (axis.low - 0.5, axis.high + 0.5),
        _ => (axis.low, axis.high),
    });
    let one = |number: usize, parent, low, high| PlotBox {
        number: Some(number),
        parent,
        leaf: true,
        mean_alp: Some(number as f64 / 10.0),
        odds: 1.0 / regions as f64,
        low,
        high,
    };
    let mut boxes: Vec<PlotBox> = vec![one(0, None, low, high)];
    while boxes.len() + 1 < regions {
        let cut = boxes.len() - 1;
        let axis = cut / 2 % axes.len();
        boxes[cut].leaf = false;
        let (low, high) = (boxes[cut].low.clone(), boxes[cut].high.clone());
        let threshold = match axes[axis].scale {
            Scale::Logarithmic => (low[axis] * high[axis]).sqrt(),
            _ => f64::midpoint(low[axis], high[axis]),
        };
        let (mut below, mut above) = (high.clone(), low.clone());
        (below[axis], above[axis]) = (threshold, threshold);
        boxes.push(one(boxes.len(), Some(cut), low, below));
        boxes.push(one(boxes.len(), Some(cut), above, high));
    }
    boxes
}

/// How many of an element lie within groups of a class.
fn count(document: &Document<'_>, class: &str, element: &str) -> usize {
    let groups = document.descendants().filter(|node| node.attribute("class") == Some(class));
    groups.flat_map(|group| group.descendants()).filter(|node| node.has_tag_name(element)).count()
}

/// Whether a node says that it is longer than nothing or nowhere.
fn check_numbers(node: Node<'_, '_>) {
    for attribute in node.attributes().filter(|attribute| attribute.name() != "aria-label") {
        let value = attribute.value();
        assert!(!value.contains("NaN") && !value.contains("inf"), "{node:?}");
    }
    for length in ["width", "height", "r", "rx", "ry"] {
        if let Some(value) = node.attribute(length) {
            assert!(value.parse::<f64>().unwrap() >= 0.0, "{node:?}");
        }
    }
}

#[test]
fn everything_is_there_once_whatever_the_space() {
    for (dimensions, shape, per_point, per_component) in [
        (1, ("circle", "rect"), 1, 1),
        (2, ("circle", "ellipse"), 1, 2),
        (3, ("circle", "ellipse"), 3, 6),
        (4, ("circle", "ellipse"), 6, 12),
        (6, ("circle", "ellipse"), 15, 30),
        (7, ("polyline", "polyline"), 1, 2),
        (12, ("polyline", "polyline"), 1, 2),
        (64, ("polyline", "polyline"), 1, 2),
    ] {
        for (points, components) in [(0, 0), (1, 0), (0, 1), (200, 10)] {
            let picture = picture(axes(dimensions), points, components);
            for medium in [Medium::File, Medium::Page, Medium::Pixels] {
                let drawing = picture.draw(medium);
                let document = Document::parse(&drawing).unwrap();
                document.descendants().for_each(check_numbers);
                let case = format!("{dimensions} dimensions, {points} points, {components} components");
                assert_eq!(count(&document, "points", shape.0), points * per_point, "{case}");
                assert_eq!(count(&document, "components", shape.1), components * per_component, "{case}");
                let empty = drawing.contains("no episodes yet");
                assert_eq!(empty, points + components == 0 && medium != Medium::Pixels, "{case}");
                let colors = drawing.contains("var(--");
                assert_eq!(colors, medium == Medium::Page);
            }
            image(&picture.draw(Medium::Pixels), Scaling::Times(1.0)).unwrap();
        }
    }
}

#[test]
fn every_region_is_there_or_those_that_are_drawn_most() {
    // Per picture: boxes, outlines and labels of 21 regions, 11 of them leaves, and boxes and outlines of a window.
    for (dimensions, (shape, boxes), (line, outlines), labels, of_window) in [
        // A leaf and its frame.
        (1, ("rect", 2 * 11), ("line", 10), 10, (2, 0)),
        // All but the space have an outline; a window has two.
        (2, ("rect", 11), ("rect", 20), 10, (1, 2)),
        (3, ("rect", 3 * 5), ("rect", 3 * 2 * 5), 3 * 5, (3, 3 * 2)),
        (6, ("rect", 15 * 5), ("rect", 15 * 2 * 5), 15 * 5, (15, 15 * 2)),
        (7, ("polyline", 2 * 5), ("rect", 0), 5, (2, 0)),
        (64, ("polyline", 2 * 5), ("rect", 0), 5, (2, 0)),
    ] {
        let mut picture = picture(axes(dimensions), 30, 0);
        for measure in [picture.measure.clone(), Measure::Covariance, Measure::Return] {
            picture.measure = measure;
            picture.boxes = tree(&picture.axes, 21);
            let drawing = picture.draw(Medium::File);
            let document = Document::parse(&drawing).unwrap();
            document.descendants().for_each(check_numbers);
            let case = format!("{dimensions} dimensions, {:?}", picture.measure);
            assert_eq!(count(&document, "boxes", shape), boxes, "{case}");
            let is_drawn = dimensions > 1 || picture.measure != Measure::Return;
            assert_eq!(count(&document, "outlines", line), if is_drawn { outlines } else { 0 }, "{case}");
            assert_eq!(count(&document, "labels", "text"), labels, "{case}");
            assert!(!drawing.contains("no episodes yet"), "{case}");

            let window = PlotBox { number: None, mean_alp: None, odds: 1.0, ..picture.boxes[3].clone() };
            picture.boxes = vec![PlotBox { parent: None, leaf: true, ..window }];
            let drawing = picture.draw(Medium::Pixels);
            let document = Document::parse(&drawing).unwrap();
            document.descendants().for_each(check_numbers);
            let found = (count(&document, "boxes", shape), count(&document, "outlines", line));
            assert_eq!(found, of_window, "{case}");
            image(&drawing, Scaling::Times(1.0)).unwrap();
        }
    }
}

#[test]
fn every_particle_is_there() {
    for (dimensions, element, each) in
        [(1, "line", 1), (2, "polygon", 2), (3, "polygon", 6), (7, "polyline", 1)]
    {
        let space = axes(dimensions);
        let particles: Vec<Vec<f64>> =
            picture(space.clone(), 9, 0).points.into_iter().map(|point| point.values).collect();
        let text = Picture { particles, ..picture(space, 20, 0) }.draw(Medium::File);
        let document = Document::parse(&text).unwrap();
        document.descendants().for_each(check_numbers);
        assert_eq!(count(&document, "particles", element), 9 * each, "{dimensions} dimensions");
    }
}

#[test]
fn leaves_are_the_fuller_the_more_is_drawn_there() {
    let mut picture = picture(axes(2), 0, 0);
    picture.boxes = tree(&picture.axes, 5);
    // From the space, its halves, and the quarters of the second half.
    for (drawn, odds) in picture.boxes.iter_mut().zip([0.4, 0.2, 0.2, 0.0, 0.2]) {
        drawn.odds = odds;
    }
    let opacities: Vec<f64> = picture.filled_leaves().into_iter().map(|(_, opacity)| opacity).collect();
    let relative = |density: f64| 0.05 + 0.45 * (density / 1.6_f64).sqrt();
    for (found, density) in opacities.iter().zip([0.8, 0.8, 1.6]) {
        assert!((found - relative(density)).abs() < 1e-9, "{opacities:?}");
    }
    assert_eq!(opacities.len(), 3);
}

#[test]
fn names_are_nothing_but_text() {
    for dimensions in [1, 2, 4, 12] {
        let drawing = picture(axes(dimensions), 10, 2).draw(Medium::File);
        let document = Document::parse(&drawing).unwrap();
        let named = document.descendants().filter(Node::is_text).filter_map(|node| node.text());
        // The control character cannot be in XML; everything else means itself.
        let safe = NASTY.replace('\u{7}', "\u{fffd}");
        assert!(named.clone().any(|text| text == safe), "{dimensions}: {:?}", named.collect::<Vec<_>>());
        let known = ["svg", "title", "rect", "g", "text", "line", "circle", "ellipse", "polyline", "polygon"];
        for element in document.descendants().filter(Node::is_element) {
            assert!(known.contains(&element.tag_name().name()), "{element:?}");
        }
    }
}

#[test]
fn points_have_the_colours_of_what_was_measured() {
    let mut picture = picture(axes(2), 0, 0);
    let point = |measured| PlotPoint { values: vec![1.5, 0.01], measured };
    picture.points = vec![point(Some(2.0)), point(None), point(Some(0.0)), point(Some(1.0))];
    picture.range = Range { low: 0.0, high: 1.0 };
    let drawing = picture.draw(Medium::File);
    let document = Document::parse(&drawing).unwrap();
    let points = document.descendants().find(|node| node.attribute("class") == Some("points")).unwrap();
    let fills: Vec<&str> = points.children().filter_map(|group| group.attribute("fill")).collect();
    // Without a value first, the highest on top; beyond the range as its end.
    assert_eq!(fills.len(), 3, "{fills:?}");
    assert_eq!((fills[0], fills[2]), ("#bebec6", "#440154"));
    assert!(drawing.contains("≥ 1"), "{drawing}");
}

#[test]
fn places_are_in_the_units_of_the_axes() {
    let mut picture = picture(axes(2), 0, 0);
    picture.axes[0] = axis("x", 0.0, 4.0, Scale::Linear);
    picture.points = vec![PlotPoint { values: vec![1.0, 10_f64.powf(-2.5)], measured: None }];
    let drawing = picture.draw(Medium::File);
    let document = Document::parse(&drawing).unwrap();
    let point = document.descendants().find(|node| node.has_tag_name("circle")).unwrap();
    let number = |name: &str| point.attribute(name).unwrap().parse::<f64>().unwrap();
    let (left, right, top, bottom) = (84.0, 642.0, 78.0, 574.0);
    assert!((number("cx") - (left + 0.25 * (right - left))).abs() < 0.1, "{point:?}");
    assert!((number("cy") - (top + 0.5 * (bottom - top))).abs() < 0.1, "{point:?}");
}

#[test]
fn pixels_show_what_was_drawn() {
    let mut picture = picture(axes(2), 0, 0);
    picture.points = vec![PlotPoint { values: vec![1.5, 10_f64.powf(-2.5)], measured: Some(1.0) }];
    picture.range = Range { low: 0.0, high: 1.0 };
    let image = image(&picture.draw(Medium::Pixels), Scaling::Times(2.0)).unwrap();
    assert_eq!((image.size().width_px(), image.size().height_px()), (1520, 1280));
    let pixel = |x: usize, y: usize| &image.rgba()[(y * 1520 + x) * 4..][..4];
    assert_eq!(pixel(0, 0), [255; 4]);
    // The middle of the panel: a point of the darkest colour, a fifth of which lets white through.
    let middle = pixel((84 + 642) as usize, (78 + 574) as usize);
    assert!(middle[0] < 120 && middle[1] < 70 && middle[2] < 130, "{middle:?}");
}

#[test]
fn curves_and_grids_are_well_formed() {
    let points = |ys: &[Option<f64>]| {
        let point = |(x, y): (usize, &Option<f64>)| CurvePoint {
            x: x as f64,
            y: *y,
            spread: y.map(|y| (y - 1.0, y + 1.0)),
        };
        ys.iter().enumerate().map(point).collect::<Vec<_>>()
    };
    for (ys, lines) in [
        (&[][..], 0),
        (&[None, None], 0),
        (&[Some(1.0)], 0),
        (&[Some(1.0), Some(2.0)], 1),
        (&[Some(1.0), Some(1.0), None, Some(2.0), Some(3.0)], 2),
        (&[Some(f64::MIN), Some(f64::MAX)], 1),
    ] {
        for between in [Between::Straight, Between::Steps] {
            let curve = Curve {
                title: NASTY.to_owned(),
                across: NASTY.to_owned(),
                points: points(ys),
                range: None,
                between,
            };
            let drawing = curve.draw(Medium::Page);
            let document = Document::parse(&drawing).unwrap();
            document.descendants().for_each(check_numbers);
            let found = document.descendants().filter(|node| node.has_tag_name("polyline")).count();
            assert_eq!(found, lines, "{ys:?}");
        }
    }
    let shares = vec![Some(0.0), None, Some(1.0), Some(0.25)];
    let grid =
        Grid { title: NASTY.to_owned(), x: axes(1)[0].clone(), y: axes(2)[1].clone(), cells: 2, shares };
    let drawing = grid.draw(Medium::Page);
    let document = Document::parse(&drawing).unwrap();
    document.descendants().for_each(check_numbers);
    assert_eq!(document.descendants().filter(|node| node.has_tag_name("rect")).count(), 4);
}

#[test]
fn text_is_escaped() {
    for (text, expected) in [
        ("a & b", "a &amp; b"),
        ("<script>\"'", "&lt;script&gt;&quot;&#39;"),
        ("a\tb\nc", "a b c"),
        ("\u{0}\u{1b}\u{fffe}", "\u{fffd}\u{fffd}\u{fffd}"),
        ("größe 語 🎓", "größe 語 🎓"),
    ] {
        assert_eq!(escaped(text), expected);
    }
}
