import Core
import Dataset
import Foundation
import Maps
import Metrics
import PostProc
import Submission
import Sweep
import TestSupport
import Testing

@Suite("Sweep results")
struct SweepResultTests {
    static func result(_ yaml: String, _ random: RandomSweep = RandomSweep(seed: 31)) async throws -> SweepResult {
        try await SweepRun(
            SweepConfiguration(yaml: yaml, path: "sweep.yaml"), maps: random.maps, truth: random.truth,
            options: ScoringOptions(metric: .clevalLeaderboard)
        ).run(width: 2)
    }

    @Test(
        "parameters that change nothing are pointed out",
        arguments: [
            (
                "parameters: {use_polygon: {value: true}, box_unclip_ratio: {values: [1.4, 1.5]}}",
                "box_unclip_ratio changes nothing: use_polygon is true"
            ),
            (
                "parameters: {polygon_unclip_ratio: {values: [1, 2]}}",
                "polygon_unclip_ratio changes nothing: use_polygon is false"
            ),
            (
                "parameters: {unclip_ratio: {value: 1.5}, box_unclip_ratio: {values: [1.4, 1.6]}}",
                "box_unclip_ratio changes nothing: unclip_ratio overrides it"
            ),
            (
                "parameters: {box_thresh: {values: [0, 1e-9]}}",
                "box_thresh changes nothing here: all its values give the same scores"
            ),
        ])
    func inert(yaml: String, note: String) async throws {
        #expect(try await Self.result(yaml).notes == [note])
    }

    @Test("max_candidates beyond all contours, from the contours themselves")
    func unreached() async throws {
        let random = RandomSweep(seed: 32)
        let counts = try random.maps.maps.map {
            try CandidateSet($0, options: CandidateOptions(thresh: 0.3)).contourCount
        }
        let most = try #require(counts.max())
        let values = [10, most + 5000, most - 1, most, most + 1]
        #expect(
            try await Self.result("parameters: {box_thresh: {value: 0.4}, max_candidates: {values: \(values)}}", random)
                .notes == [
                    "max_candidates \(most), \(most + 1), \(most + 5000) are the same here: "
                        + "no image has more than \(most) contours"
                ])
    }

    @Test("parameters that matter, or that matter at some point, are not")
    func mattering() async throws {
        let yaml = """
            parameters:
              use_polygon: {values: [true, false]}
              box_unclip_ratio: {values: [1.4, 1.6]}
              box_thresh: {values: [0.4, 0.5]}
              max_candidates: {values: [3, 8, 1000]}
            """
        #expect(try await Self.result(yaml).notes == [])
    }

    @Test("what the configuration brings up is said: W&B's keys, run_cap, repeated points")
    func notes() async throws {
        let notes = try await Self.result(
            "program: a.py\nname: b\nrun_cap: 3\nparameters: {box_thresh: {values: [0.4, 0.5, 0.4, 0.6, 0.7]}}"
        ).notes
        #expect(
            notes == [
                "keys of W&B that mean nothing here: program, name", "run_cap keeps the first 3 of 4 points",
                "1 points repeat others and are tried once",
            ])
    }

    @Test("results.csv and results.json say the same")
    func files() async throws {
        let yaml = "parameters: {box_unclip_ratio: {value: 1.6}, thresh: {values: [0.3, 0.2]}}"
        let result = try await Self.result(yaml)
        let rows = result.csv.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        let header = """
            rank trial thresh box_thresh max_candidates use_polygon unclip_ratio min_size clip_to_image \
            box_unclip_ratio hmean precision recall pooled_hmean pooled_precision pooled_recall boxes low high \
            difference_low difference_high chance separable precision_low precision_high recall_low recall_high failure
            """
        #expect(rows[0].joined(separator: " ") == header)
        let json = try #require(result.json().object)
        #expect(json["schema"] == 1 && json["metric"] == "leaderboard" && json["images"] == 4)
        let points = try #require(json["points"]?.array)
        #expect(points.count == 2 && rows.count == 3)
        for (row, point) in zip(rows.dropFirst(), points.compactMap(\.object)) {
            #expect(row.count == rows[0].count)
            #expect(Int(row[0]) == point["rank"]?.int && Int(row[1]) == point["trial"]?.int)
            let settings = try #require(point["settings"]?.object)
            #expect(settings.keys == rows[0][2..<10].map(String.init))
            #expect(settings.values.map { $0.text() } == row[2..<10].map(String.init))
            #expect(settings["unclip_ratio"] == 1.6)
            let mean = try #require(point["mean"]?.object)
            #expect(["hmean", "precision", "recall"].map { mean[$0]?.number } == row[10..<13].map { Double($0) })
            #expect(point["boxes"]?.int == Int(row[16]))
        }
        #expect(result.sweptParameters == [.thresh])
    }

    @Test("candidates are the boxes of their points, named by rank and settings")
    func candidates() async throws {
        let random = RandomSweep(seed: 33)
        let result = try await Self.result(
            "parameters: {thresh: {values: [0.24, 0.3]}, box_thresh: {values: [0.28, 0.4]}, max_candidates: {value: 600}}",
            random)
        let order = ["image_2.jpg", "image_0.jpg", "image_1.jpg", "image_3.jpg"]
        try await TestData.withTemporaryFolder { folder in
            let best = Array(result.ranked.prefix(3))
            let written = try await CandidateFiles.write(
                best, from: random.maps, order: order, to: folder + "/new", width: 2)
            #expect(written.map(\.point) == best)
            for (number, file) in written.enumerated() {
                let options = file.point.setting.resolved
                let name = "0\(number + 1)_thresh\(options.thresh)_box\(options.boxThresh)_cand600.csv"
                #expect(file.path == folder + "/new/" + name)
                let set = try AnnotationFile.read(path: file.path)
                #expect(set.images.map(\.name) == order)
                #expect(set.wordCount == file.boxes && file.boxes == file.point.boxes)
                for map in random.maps.maps {
                    let words = try detect(map, options: options)
                    #expect(set[map.imageName]?.words.map(\.polygon) == words.map(\.polygon))
                }
            }
            #expect(written.allSatisfy { $0.identicalTo == nil })
            // A second run is done already; other contents are not overwritten.
            _ = try await CandidateFiles.write(best, from: random.maps, order: order, to: folder + "/new", width: 1)
            let path = written[0].path
            try "mine".write(toFile: path, atomically: true, encoding: .utf8)
            await #expect(throws: FileError.self) {
                _ = try await CandidateFiles.write(best, from: random.maps, order: order, to: folder + "/new", width: 1)
            }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
        }
    }

    @Test("a candidate that repeats another is told")
    func twins() async throws {
        let random = RandomSweep(seed: 35)
        let result = try await Self.result(
            "parameters: {box_thresh: {values: [0.4, 0.5]}, max_candidates: {values: [4000, 5000]}}", random)
        try await TestData.withTemporaryFolder { folder in
            let written = try await CandidateFiles.write(Array(result.ranked), from: random.maps, to: folder, width: 1)
            #expect(written.map(\.identicalTo) == [nil, written[0].path, nil, written[2].path])
        }
    }

    @Test("an order that names an image without a map is refused; a broken map is no empty image")
    func badOrder() async throws {
        var random = RandomSweep(seed: 34)
        let result = try await Self.result("parameters: {thresh: {value: 0.3}}", random)
        try await TestData.withTemporaryFolder { folder in
            let error = await #expect(throws: SweepError.self) {
                _ = try await CandidateFiles.write(
                    Array(result.ranked), from: random.maps, order: ["image_0.jpg", "x.jpg"], to: folder, width: 1)
            }
            #expect(error?.diagnosis.found == "no map of x.jpg")
            random.maps.broken = ["image_1.jpg"]
            let broken = random.maps
            await #expect(throws: MemoryMaps.Broken.self) {
                _ = try await CandidateFiles.write(Array(result.ranked), from: broken, to: folder, width: 1)
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(left.isEmpty)
        }
    }

    @Test("names tell all settings apart that give other boxes")
    func names() async throws {
        let yaml = """
            parameters:
              use_polygon: {values: [false, true]}
              unclip_ratio: {values: [1.5, 2]}
              min_size: {values: [3, 4.5]}
              clip_to_image: {values: [false, true]}
            """
        let ranked = Array(try await Self.result(yaml).ranked)
        let names = ranked.map { String(CandidateFiles.name($0, of: ranked).dropFirst(3)) }
        #expect(Set(names).count == 16)
        #expect(names.contains("thresh0.3_box0.7_cand1000"))
        #expect(names.contains("thresh0.3_box0.7_cand1000_poly_unclip1.5_min4.5_clip"))
    }

    @Test("a long sweep is estimated without being made")
    func estimate() throws {
        let grid = try SweepConfiguration(contentsOf: TestData.repository("configs/sweeps/grid75.yaml"))
        let small = grid.estimate(images: 63, width: 2)
        #expect(small.points == 75 && small.groups == 5 && small.images == 63)
        #expect(small.seconds < grid.estimate(images: 63, width: 1).seconds)
        #expect(small.text == "75 points, 5 sets of candidates a map, 63 images: about 1 s and 61 MB")
        let huge = try SweepConfiguration(
            yaml:
                "parameters: {thresh: {min: 0, max: 1, q: 1e-9}, box_thresh: {min: 0, max: 1, q: 1e-9}, min_size: {min: 0, max: 9}}",
            path: "")
        #expect(huge.estimate(images: 400, width: 2).points == .max)
        #expect(huge.estimate(images: 400, width: 2).groups == 10_000_000_010)
        #expect(huge.pointCount > SweepEstimate.manyPoints)
        #expect(huge.estimate(images: 1 << 40, width: 1).text.hasPrefix("\(Int.max) points, "))
    }
}
