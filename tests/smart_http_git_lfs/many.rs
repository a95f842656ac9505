//! Many files, and large ones.

use std::time::Instant;

use super::shared::{Story, is_noise, local_objects};
use crate::support::history::noise;

/// Files of 10 KB, pushed and cloned. Gives the seconds of both.
fn many(story: &Story, files: u64) -> [f64; 2] {
    for number in 0..files {
        let path = format!("{}/{number}.bin", number % 40);
        let file = story.work.folder().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, noise(number, 10_000)).unwrap();
    }
    story.work.run(&["add", "."]);
    story.work.commit("many");
    let began = Instant::now();
    story.push();
    let pushed = began.elapsed().as_secs_f64();
    let began = Instant::now();
    let clone = story.clone("clone", &[]);
    let cloned = began.elapsed().as_secs_f64();
    for number in (0..files).step_by(97) {
        let path = format!("{}/{number}.bin", number % 40);
        is_noise(&clone, &path, number, 10_000);
    }
    assert_eq!(local_objects(&clone) as u64, files);
    [pushed, cloned]
}

/// More than two batches of git-lfs, which asks for a hundred at a time.
#[test]
fn many_files_are_pushed_and_cloned() {
    for story in Story::with_newest("many") {
        many(&story, 210);
    }
}

#[test]
#[ignore = "takes a minute"]
fn two_thousand_files_are_pushed_and_cloned() {
    for story in Story::with_each("thousands") {
        let [pushed, cloned] = many(&story, 2000);
        println!(
            "{}: 2,000 files of 10 KB: pushed in {pushed:.1} s, cloned in {cloned:.1} s",
            story.lfs.name
        );
    }
}

#[test]
#[ignore = "takes minutes, and 6 GiB of disk"]
fn a_file_of_a_gibibyte_is_pushed_and_cloned() {
    for story in Story::with_each("gibibyte") {
        // Noise is slow to make; this is made once and repeated.
        let piece = noise(7, 1 << 20);
        let file = story.work.folder().join("a.bin");
        let mut out = std::io::BufWriter::new(std::fs::File::create(&file).unwrap());
        for number in 0..1024_u32 {
            use std::io::Write as _;
            out.write_all(&number.to_be_bytes()).unwrap();
            out.write_all(&piece[4..]).unwrap();
        }
        drop(out);
        story.work.run(&["add", "a.bin"]);
        story.work.commit("a gibibyte");
        let began = Instant::now();
        story.push();
        let pushed = began.elapsed().as_secs_f64();
        let began = Instant::now();
        let clone = story.clone("clone", &[]);
        let cloned = began.elapsed().as_secs_f64();
        clone.run(&["lfs", "fsck"]);
        let size = std::fs::metadata(clone.folder().join("a.bin"))
            .unwrap()
            .len();
        assert_eq!(size, 1 << 30);
        println!(
            "{}: 1 GiB: pushed in {pushed:.1} s, cloned in {cloned:.1} s",
            story.lfs.name
        );
    }
}
