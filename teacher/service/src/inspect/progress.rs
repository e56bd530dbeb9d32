//! How a curriculum has come along: its overview as an answer.

use magister_proto::v1;
use v1::progress as messages;

use super::{
    activity::ActiveStudent,
    buckets::{Bucket, Terms},
    overview::{self, Overview},
};
use crate::{
    clock::Clock,
    error::{Invalid, ServiceError},
    owner::Owner,
    wire,
};

/// Default and largest number of buckets.
const BUCKETS: (u32, u32) = (200, 1000);

/// Describes all episodes in a few buckets.
pub(crate) async fn progress(
    owner: &Owner,
    clock: Clock,
    request: v1::GetProgressRequest,
) -> Result<v1::Progress, ServiceError> {
    let most = match request.max_buckets {
        0 => BUCKETS.0,
        most if most <= BUCKETS.1 => most,
        most => {
            let problem = format!("is {most}; it must lie between 0 and {}", BUCKETS.1);
            return Err(ServiceError::invalid(Invalid::Request, "max_buckets", problem));
        }
    };
    let described = owner.describe().await?;
    let name = wire::names::of_curriculum(owner.name());
    let threshold = described.live.mastery_threshold;
    let write = move |overview: &Overview| write(name, overview, most as usize);
    overview::look(owner, threshold, clock.now_ms(), move |overview, _| Ok(write(overview))).await
}

fn write(curriculum: String, overview: &Overview, most: usize) -> v1::Progress {
    let (width, coarse) = overview.buckets.at_most(most);
    let mut student_step = None;
    let mut buckets = Vec::with_capacity(coarse.len());
    for (first_episode, mut bucket) in (1..).step_by(width as usize).zip(coarse) {
        student_step = bucket.student_step.max(student_step);
        bucket.student_step = student_step;
        buckets.push(write_bucket(overview, first_episode, &bucket));
    }
    let recent = overview.recent().map(|mut recent| {
        recent.student_step = student_step;
        write_bucket(overview, recent.end.0 + 1 - recent.completed - recent.infeasible, &recent)
    });
    v1::Progress {
        curriculum,
        episodes: overview.episodes,
        buckets,
        students: overview.activity.students().iter().map(write_student).collect(),
        episodes_per_second: overview.activity.episodes_per_second(),
        recent,
    }
}

fn write_bucket(overview: &Overview, first_episode: u64, bucket: &Bucket) -> messages::Bucket {
    let Terms { mastery_threshold, return_range } = overview.terms;
    let (last_episode, end_ms) = bucket.end;
    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    let completed_share = |part: u64| share(part, bucket.completed);
    messages::Bucket {
        first_episode,
        last_episode,
        completed: bucket.completed,
        infeasible: bucket.infeasible,
        mean_return: bucket.mean_return(),
        lowest_return: bucket.extremes.map(|(low, _)| low),
        highest_return: bucket.extremes.map(|(_, high)| high),
        mean_alp: bucket.alps.mean(),
        exploration_share: share(bucket.explored, bucket.handed_out),
        mastered_share: mastery_threshold.and_then(|_| completed_share(bucket.mastered)),
        outside_range_share: return_range.and_then(|_| completed_share(bucket.outside_range)),
        student_step: bucket.student_step,
        components: overview.fit_in_effect(last_episode).map(|fit| fit.components),
        end_time: Some(wire::timestamp(end_ms)),
    }
}

fn write_student(student: &ActiveStudent) -> messages::StudentActivity {
    messages::StudentActivity {
        student: student.name.to_string(),
        workers: student.workers,
        episodes: student.episodes,
        last_report_time: Some(wire::timestamp(student.last_report_ms)),
    }
}
