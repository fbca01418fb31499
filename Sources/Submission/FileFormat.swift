/// A file format of truth and predictions.
public enum FileFormat: String, Sendable, CaseIterable {
    /// `AnnotationJSON`: everything is kept.
    case json
    /// `SubmissionCSV`: the leaderboard's file, polygons only.
    case csv
    /// `ICDARText`: one text file an image, in a zip archive or a folder.
    case icdar
}
