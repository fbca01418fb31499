import ArgumentParser
import Core
import Foundation
import Imaging
import Maps
import Submission

/// Maps from elsewhere -> map store.
struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring probability maps made elsewhere into a map store.",
        discussion: """
            Reads .npy, .npz and grey PNG (8 or 16 bit, probability = level / 255 or / 65535), a file an image, named by \
            the image's name or stem. The images' sizes come from the images, or from a truth file with img_w and img_h.

            Examples:
              submit import maps_from_gpu --images val --store maps/val/fold0
              submit import maps_from_gpu --truth val.json --store maps/val/fold0 \\
                --geometry stretch
            """)

    @Argument(help: "Folder of map files, or one map file.")
    var source: String

    @Option(name: .long, help: ArgumentHelp("Folder of the images.", valueName: "folder"))
    var images: String?

    @Option(name: .long, help: ArgumentHelp("Truth with the images' sizes, in place of the images.", valueName: "file"))
    var truth: String?

    @Option(name: .long, help: ArgumentHelp("Map store to write; made where missing.", valueName: "folder"))
    var store: String

    @Option(name: .long, help: "How a map lies on its image: letterbox, stretch, or the npz file's inverse.")
    var geometry = MapImport.Geometry.letterbox

    @Flag(name: .long, help: "Take the maps that are there, where some images have none.")
    var partial = false

    @OptionGroup var common: CommonFlags

    func validate() throws {
        if (images == nil) == (truth == nil) {
            throw ValidationError("name --images or --truth, for the images' sizes")
        }
    }

    func run() async throws {
        let images = try sizedImages()
        let store = try MapStore.openForAppending(at: store, provenance: .imported(from: source, geometry: geometry))
        var progress = Progress("import", total: images.count, quiet: common.quiet)
        defer { progress.finish() }
        let report = try await MapImport.run(
            images: images, from: source, into: store, geometry: geometry, overwrite: common.force, width: common.width,
            completed: { progress.update($0) })
        progress.finish()
        for path in report.mapsWithoutImage { Terminal.warning("no image for the map \(path)") }
        Terminal.say("\(report.imported.count) maps: \(store.path)", quiet: common.quiet)
        guard let missing = report.imagesWithoutMap.first else { return }
        if partial {
            return Terminal.warning("\(report.imagesWithoutMap.count) images have no map, such as \(missing)")
        }
        throw CommandError(
            Diagnosis(
                .badData, "\(report.imagesWithoutMap.count) of \(images.count) images have no map", path: source,
                found: "none for \(report.imagesWithoutMap.prefix(5).joined(separator: ", "))",
                nextStep: "add them and run the same command again, or pass --partial"))
    }

    private func sizedImages() throws -> [MapImport.Image] {
        if let images {
            let folder = try ImageFolder(path: images)
            return try folder.names.map { name in
                let size = try ImageFile.size(path: folder.path(of: name))
                return MapImport.Image(name: name, width: size.width, height: size.height)
            }
        }
        let truth = truth ?? ""
        return try AnnotationFile.read(path: truth).images.map { image in
            guard let width = image.width, let height = image.height, width > 0, height > 0 else {
                throw CommandError(
                    Diagnosis(
                        .badData, "the truth does not say the image's size", path: truth, place: image.name,
                        expected: "img_w and img_h", nextStep: "name the images with --images"))
            }
            return MapImport.Image(name: image.name, width: width, height: height)
        }
    }
}

extension MapImport.Geometry: ExpressibleByArgument {}
