import Core
import Foundation

/// What a precision changes on some images, by one checkpoint: a row a figure, then the comparison with truth.
struct PrecisionTable {
    /// What the maps differ by.
    struct Difference {
        var most: Float = 0
        var sum = 0.0
        /// Pixels that are text by one map and not by the other.
        var crossing = 0
        var pixels = 0

        var mean: Double { sum / Double(max(pixels, 1)) }
    }

    let checkpointPath: String
    let precision: String
    let thresh: Double
    let images: Int
    let difference: Difference
    /// By the maps of fp32 and by those of the precision; equal to the last coordinate.
    let plainBoxes, boxes, equalBoxes: Int
    /// Pooled H of the boxes against fp32's.
    let hmean: Double
    /// fp32 and the precision scored; none without truth.
    let comparisons: [Comparison]

    struct Comparison {
        let boxThresh: Double
        /// Whether `boxThresh` is the best for fp32.
        let isBest: Bool
        let table: ComparisonTable
    }

    var text: String {
        func share(_ part: Int, of whole: Int) -> String {
            String(format: "%d (%.4f%%)", part, 100 * Double(part) / Double(max(whole, 1)))
        }
        var table = TextTable("\(precision) beside fp32", "")
        table.add("images", "\(images)")
        table.add("largest difference of a pixel", String(format: "%.6f", difference.most))
        table.add("mean difference of a pixel", String(format: "%.6f", difference.mean))
        table.add(
            "pixels on the other side of thresh \(thresh)", share(difference.crossing, of: difference.pixels))
        table.add("boxes, fp32 and \(precision)", "\(plainBoxes) and \(boxes)")
        table.add("boxes equal to the last coordinate", share(equalBoxes, of: boxes))
        table.add("pooled H of \(precision) against fp32's boxes", String(format: "%.6f", hmean))
        let compared = comparisons.map { comparison in
            "at box_thresh \(comparison.boxThresh)"
                + (comparison.isBest ? ", the best for fp32, which flatters it" : "")
                + ":\n\(comparison.table.text)"
        }
        return ([table.text] + compared).joined(separator: "\n\n")
    }

    /// The figures by the names that scripts know them by.
    private var figures: JSONObject {
        [
            "checkpoint": .string(checkpointPath), "precision": .string(precision), "thresh": .number(thresh),
            "images": .int(images), "largest_difference": .number(Double(difference.most)),
            "mean_difference": .number(difference.mean), "pixels": .int(difference.pixels),
            "pixels_crossing_thresh": .int(difference.crossing), "fp32_boxes": .int(plainBoxes),
            "boxes": .int(boxes), "equal_boxes": .int(equalBoxes), "pooled_hmean_against_fp32": .number(hmean),
        ]
    }

    private var json: JSONValue {
        var members = figures
        if !comparisons.isEmpty {
            members["comparisons"] = .array(
                comparisons.map {
                    [
                        "box_thresh": .number($0.boxThresh), "best_for_fp32": .bool($0.isBest),
                        "comparison": $0.table.json,
                    ]
                })
        }
        return .object(members)
    }

    /// One document for all checkpoints.
    static func json(_ tables: [PrecisionTable]) -> JSONValue {
        ["schema": 1, "checkpoints": .array(tables.map(\.json))]
    }
}
