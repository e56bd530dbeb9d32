//! `magister inspect --plot`, `--animate` and `--csv`, and `magister report`.
#![allow(clippy::float_cmp, reason = "what is written must read as the same number")]

use std::{fs, path::Path};

use magister_student::{Client, Outcome};
use roxmltree::{Document, Node};

use super::server::Server;

/// How many of an element lie within groups of a class.
fn drawn(path: &Path, class: &str, element: &str) -> usize {
    let text = fs::read_to_string(path).unwrap();
    let document = Document::parse(&text).unwrap();
    let groups = document.descendants().filter(|node| node.attribute("class") == Some(class));
    groups.flat_map(|group| group.descendants()).filter(|node| node.has_tag_name(element)).count()
}

fn components(server: &Server, arguments: &[&str]) -> usize {
    let json = server.run(&[&["inspect", "walker", "--json"], arguments].concat()).json();
    json["distribution"]["shape"]["components"].as_array().map_or(0, Vec::len)
}

#[test]
fn the_distribution_is_drawn_as_its_file_says() {
    let server = Server::start();
    server.create("walker");
    let svg = server.folder.path().join("a.svg");
    let plot = |arguments: &[&str]| server.run(&[&["inspect", "walker", "--plot"], arguments].concat());
    assert_eq!(plot(&["a.svg"]).done(), "Wrote a.svg.\n");
    assert!(fs::read_to_string(&svg).unwrap().contains("no episodes yet"));
    server.play("walker", 1);
    plot(&["a.svg"]).done();
    assert_eq!((drawn(&svg, "points", "circle"), drawn(&svg, "components", "ellipse")), (1, 0));
    server.play("walker", 149);
    plot(&["a.svg"]).done();
    // Each ellipse has a rim of paper below its own.
    assert_eq!(drawn(&svg, "points", "circle"), 150);
    assert_eq!(drawn(&svg, "components", "ellipse"), 2 * components(&server, &[]));
    assert_eq!(drawn(&svg, "labels", "text"), components(&server, &[]));
    plot(&["a.svg", "--points", "7", "--colour-by", "return"]).done();
    assert_eq!(drawn(&svg, "points", "circle"), 7);
    assert!(fs::read_to_string(&svg).unwrap().contains("episodes 144 to 150"));
    for (fit, window) in [("1", "episodes 1 to 20"), ("3", "episodes 41 to 60")] {
        plot(&["a.svg", "--fit", fit]).done();
        assert_eq!(drawn(&svg, "points", "circle"), 20);
        assert_eq!(drawn(&svg, "components", "ellipse"), 2 * components(&server, &["--fit", fit]));
        assert!(fs::read_to_string(&svg).unwrap().contains(window));
    }
    let png = server.folder.path().join("a.PNG");
    let told = plot(&["a.PNG", "--width", "300", "--json"]).json();
    assert_eq!(told, serde_json::json!({ "curriculum": "walker", "files": ["a.PNG"] }));
    let bytes = fs::read(&png).unwrap();
    assert_eq!((&bytes[..8], &bytes[16..20]), (&b"\x89PNG\r\n\x1a\n"[..], &300_u32.to_be_bytes()[..]));

    for (arguments, code, expected) in [
        (&["a.jpg"][..], 2, "end the name in .svg or .png"),
        (&["no/folder/a.svg"], 2, "no/folder/a.svg cannot be written"),
        (&["no/folder/a.png"], 2, "cannot be written"),
        (&["b.svg", "--fit", "99"], 1, "no finished fit 99"),
        (&["b.svg", "--watch"], 2, "cannot be used with"),
        (&["b.svg", "--points", "0"], 2, "0 is not in 1..=5000"),
    ] {
        let stderr = plot(arguments).failed(code);
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
    assert!(!server.folder.path().join("b.svg").exists());
}

#[test]
fn regions_and_a_window_are_drawn_and_written() {
    let server = Server::start();
    server.create_of("riac", &["riac"]);
    server.create_of("oracle", &["oracle", "--window-step=0.1,-0.1"]);
    server.create_of("covar", &["covar-gmm"]);
    let svg = server.folder.path().join("a.svg");
    let plot = |name: &str, arguments: &[&str]| {
        server.run(&[&["inspect", name, "--plot", "a.svg"], arguments].concat()).done();
        fs::read_to_string(&svg).unwrap()
    };
    for name in ["riac", "oracle", "covar"] {
        server.play(name, 450);
    }
    let json = server.run(&["inspect", "riac", "--json"]).json();
    let regions = json["distribution"]["shape"]["regions"].as_array().unwrap();
    let leaves = regions.iter().filter(|region| region["leaf"] == true).count();
    let text = plot("riac", &[]);
    for expected in [
        &format!("riac after 450 episodes, {} regions", regions.len())[..],
        "Boxes: regions, fuller if likelier. Tasks drawn uniformly: 20 %, mutated: 10 %.",
        "ALP (units of the return)",
    ] {
        assert!(text.contains(expected), "{expected:?} is missing");
    }
    assert_eq!((drawn(&svg, "boxes", "rect"), drawn(&svg, "outlines", "rect")), (leaves, regions.len() - 1));
    assert_eq!((drawn(&svg, "points", "circle"), drawn(&svg, "labels", "text")), (450, leaves.min(10)));
    assert!(plot("riac", &["--colour-by", "return"]).contains(">return<"));

    // Nothing but returns can be told of its episodes.
    let text = plot("oracle", &[]);
    assert!(text.contains("Box: the window.") && text.contains(">return<"), "no window");
    assert_eq!((drawn(&svg, "boxes", "rect"), drawn(&svg, "outlines", "rect")), (1, 2));
    assert!(plot("covar", &[]).contains(">covariance of time and return<"));

    for name in ["riac", "oracle"] {
        let told = server.run(&["inspect", name, "--animate", "a.gif"]).failed(2);
        assert!(told.contains("makes no fits"), "{told}");
        let report = server.folder.path().join("report.html");
        server.run(&["report", name, "--out", "report.html"]).done();
        let report = fs::read_to_string(report).unwrap();
        assert!(report.contains("class=\"boxes\"") && !report.contains("There is no fit yet."), "{name}");
        assert!(!report.contains("Mean ALP"), "{name}");
    }
    for (name, rows) in [("riac", regions.len()), ("oracle", 1)] {
        let csv = ["inspect", name, "--csv", name];
        assert!(server.run(&csv).done().contains("boxes.csv"));
        let path = server.folder.path().join(name).join("boxes.csv");
        let mut reader = csv::Reader::from_path(path).unwrap();
        let columns: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let own = ["region", "parent", "leaf", "episodes", "mean_alp", "odds"];
        assert_eq!(columns, [&own[..], &["low_height", "low_rate", "high_height", "high_rate"]].concat());
        let written: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(written.len(), rows);
        let json = server.run(&["inspect", name, "--json"]).json();
        let shape = &json["distribution"]["shape"];
        let first = if name == "riac" { &shape["regions"][0] } else { shape };
        assert_eq!(written[0][8].parse::<f64>().unwrap(), first["high"][0].as_f64().unwrap());
        assert!(server.run(&csv).failed(2).contains("is there already"));
    }
}

#[test]
fn an_animation_has_a_frame_for_each_fit_or_as_many_as_wanted() {
    let server = Server::start();
    server.create("walker");
    let animate = |arguments: &[&str]| server.run(&[&["inspect", "walker", "--animate"], arguments].concat());
    let none = animate(&["a.gif"]).failed(2);
    assert!(none.contains("no fit yet") && none.contains("--plot"), "{none}");
    assert!(animate(&["a.mp4"]).failed(2).contains("end the name in .gif"));
    server.play("walker", 110);
    for (arguments, frames) in [(&[][..], 5), (&["--frames", "2", "--width", "200"], 2)] {
        animate(&[&["a.gif"], arguments].concat()).done();
        let bytes = fs::read(server.folder.path().join("a.gif")).unwrap();
        assert!(bytes.starts_with(b"GIF89a"));
        // What stands before each frame.
        let controls = bytes.windows(4).filter(|window| matches!(window, [0x21, 0xf9, 0x04, _])).count();
        assert_eq!(controls, frames);
    }
}

#[test]
fn tables_hold_every_episode_and_fit() {
    let server = Server::start();
    server.create("walker");
    server.play("walker", 50);
    let csv =
        |arguments: &[&str]| server.run(&[&["inspect", "walker", "--csv", "tables"], arguments].concat());
    csv(&[]).done();
    let read = |name: &str| {
        let mut reader = csv::Reader::from_path(server.folder.path().join("tables").join(name)).unwrap();
        let names = reader.headers().unwrap().clone();
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let cell = move |row: &csv::StringRecord, name: &str| {
            row[names.iter().position(|column| column == name).unwrap()].to_owned()
        };
        (rows, cell)
    };
    let (episodes, cell) = read("episodes.csv");
    assert_eq!(episodes.len(), 50);
    for (index, row) in episodes.iter().enumerate() {
        assert_eq!(cell(row, "number"), (index + 1).to_string());
        let height: f64 = cell(row, "height").parse().unwrap();
        let expected = if height < 1.5 { index as f64 } else { 0.0 };
        assert_eq!(cell(row, "return").parse::<f64>().unwrap(), expected);
        assert_eq!((cell(row, "length"), cell(row, "student")), ("100".to_owned(), "someone".to_owned()));
        assert!(cell(row, "accept_time").ends_with('Z'));
    }
    // Exactly what the server told in another way.
    let number = episodes.iter().position(|row| cell(row, "origin") == "component").expect("most are") + 1;
    let explained = server.run(&["explain", "walker", &number.to_string(), "--json"]).json();
    let row = &episodes[number - 1];
    assert_eq!(cell(row, "rate").parse::<f64>().unwrap(), explained["parameters"]["rate"].as_f64().unwrap());
    assert_eq!(cell(row, "fit"), explained["origin"]["fit"].to_string());
    assert_eq!(cell(row, "component"), explained["origin"]["component"].to_string());

    let (fits, cell) = read("fits.csv");
    let of_second: Vec<_> = fits.iter().filter(|row| cell(row, "fit") == "2").collect();
    let told = server.run(&["inspect", "walker", "--fit", "2", "--json"]).json();
    let components = told["distribution"]["shape"]["components"].as_array().unwrap();
    assert_eq!(of_second.len(), components.len());
    for (row, component) in of_second.iter().zip(components) {
        let number = |name: &str| cell(row, name).parse::<f64>().unwrap();
        assert_eq!(number("weight"), component["weight"].as_f64().unwrap());
        assert_eq!(number("mean_height"), component["mean"]["height"].as_f64().unwrap());
        assert_eq!(number("standard_deviation_rate"), component["standard_deviations"][1].as_f64().unwrap());
    }

    let there = csv(&[]).failed(2);
    assert!(there.contains("episodes.csv is there already") && there.contains("--force"), "{there}");
    server.play("walker", 1);
    csv(&["--force"]).done();
    assert_eq!(read("episodes.csv").0.len(), 51);
    let left = fs::read_dir(server.folder.path().join("tables")).unwrap().count();
    assert_eq!(left, 2, "nothing else is left in the folder");
    server.run(&["inspect", "wlaker", "--csv", "other"]).failed(1);
    assert!(!server.folder.path().join("other").exists());
}

#[test]
fn a_report_is_one_page_that_needs_nothing_else() {
    let server = Server::start();
    let name = "<script>alert('x')</script> & \"größe\"";
    let arguments = ["--fit-rate", "20", "--fit-lag-episodes", "0", "--display-name", name];
    let arguments =
        [&["-d", "he<b>ight=0:3", "-d", "rate=log:1e-4:1", "--mastery-threshold", "10"], &arguments[..]];
    server.create_with("walker", &[&arguments.concat()[..], &["--test-tasks", "6"]].concat());
    let path = server.folder.path().join("report.html");
    let report = || {
        server.run(&["report", "walker", "--out", "report.html"]).done();
        fs::read_to_string(&path).unwrap()
    };
    let empty = report();
    assert!(
        empty.contains("There is no fit yet.") && empty.contains("Nobody has been evaluated yet."),
        "{empty}"
    );
    server.play("walker", 250);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = Client::connect(server.address.as_str()).await.unwrap();
        let student = client.open("walker").await.unwrap().on_behalf_of("someone", "evaluator");
        // The first half is mastered at first, and the first task forgotten.
        for round in 1..=2_u32 {
            let test = student.sample_test_tasks(1000 * u64::from(round)).await.unwrap();
            let results = test.tasks.iter().map(|task| {
                let forgotten = round == 2 && task.index == 0;
                task.result(if task.index < 3 && !forgotten { 20.0 } else { 0.0 })
            });
            student.report_evaluations(test.evaluation.round, results).await.unwrap();
        }
        let task = student.ask().await.unwrap();
        student.tell(&task, Outcome::infeasible("no <i>room</i>")).await.unwrap();
    });
    let page = report();
    for expected in [
        "<h1>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;größe&quot;</h1>",
        "What stands in the way",
        "Share of episodes with a return above 10",
        "What is mastered where",
        "someone: 33 % of the test tasks mastered in the last of 2 rounds, 17 % mastered before and forgotten.",
        "<td>forgotten</td>",
        "magister curriculum export walker --output walker.magister",
        "prefers-color-scheme:dark",
        "@media print",
    ] {
        assert!(page.contains(expected), "{expected:?} is missing");
    }
    for forbidden in ["<script", "<i>", "<b>", "href=", "src=", "url(", "@import", "NaN"] {
        assert!(!page.contains(forbidden), "{forbidden:?} is there");
    }
    // All but the first line, which XML has another form for, and elements that HTML does not close.
    let body = page.replace("<!doctype html>", "");
    let closed = body
        .replace("charset=\"utf-8\">", "charset=\"utf-8\"/>")
        .replace("\"width=device-width\">", "\"width=device-width\"/>");
    let closed = closed.replace("<br>", "<br/>");
    let document = Document::parse(&closed).unwrap();
    let figures = document.descendants().filter(|node: &Node<'_, '_>| node.has_tag_name("figure")).count();
    // Five curves, the distribution now and at ten fits, the grid, two curves of evaluations.
    assert_eq!(figures, 5 + 11 + 1 + 2);

    for (arguments, code, expected) in [
        (&["walker", "--out", "report.pdf"][..], 2, "end the name in .html"),
        (&["walker", "--out", "no/folder/report.html"], 2, "cannot be written"),
        (&["wlaker", "--out", "other.html"], 1, "walker"),
    ] {
        let stderr = server.run(&[&["report"], arguments].concat()).failed(code);
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}
