import Core
import Dataset
import Foundation
import Metrics

/// Files beside each other where there is no truth: who agrees with whom.
struct AgreementTable {
    private let files: [(path: String, set: AnnotationSet)]
    private let agreement: Agreement
    private let metric: MetricKind
    /// The files in the order of the table.
    private let order: [Int]

    init(_ files: [(path: String, set: AnnotationSet)], _ agreement: Agreement, metric: MetricKind, ranked: Bool) {
        self.files = files
        self.agreement = agreement
        self.metric = metric
        order =
            ranked
            ? files.indices.sorted { (agreement.mean(of: $1), $0) < (agreement.mean(of: $0), $1) }
            : Array(files.indices)
    }

    private var table: TextTable {
        var table = TextTable(["file", "images", "boxes", "mean agreement"] + order.map { "with \($0 + 1)" })
        for file in order {
            table.add(
                ["\(file + 1) \(files[file].path)", "\(files[file].set.images.count)", "\(files[file].set.wordCount)"]
                    + [String(format: "%.6f", agreement.mean(of: file))]
                    + order.map { $0 == file ? "-" : String(format: "%.6f", agreement.hmean[file][$0]) })
        }
        return table
    }

    var text: String {
        let twins = agreement.nearDuplicates.map { first, second in
            let share = 100 * agreement.identical[first][second]
            return "near-duplicates: \(files[first].path) and \(files[second].path) agree to "
                + String(format: "%.6f, with %.0f%% of the images identical", agreement.hmean[first][second], share)
        }
        return ([table.text] + twins + [Self.worth]).joined(separator: "\n")
    }

    /// What the order is worth.
    private static let worth =
        "agreement is no score: the file nearest the others is often above their middle, and where they share a fault "
        + "it shares it too; score against truth where there is any"

    var csv: String { table.csv }

    var json: JSONValue {
        [
            "schema": 1, "profile": .string(metric.rawValue),
            "files": .array(
                order.map { file in
                    [
                        "path": .string(files[file].path), "images": .int(files[file].set.images.count),
                        "boxes": .int(files[file].set.wordCount), "mean_agreement": .number(agreement.mean(of: file)),
                        "agreement": .array(order.map { .number(agreement.hmean[file][$0]) }),
                        "identical_images": .array(order.map { .number(agreement.identical[file][$0]) }),
                    ]
                }),
            "near_duplicates": .array(
                agreement.nearDuplicates.map { [.string(files[$0].path), .string(files[$1].path)] }),
        ]
    }
}
