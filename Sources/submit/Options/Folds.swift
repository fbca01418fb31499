import Core
import Foundation
import Maps
import Submission

/// What `--folds` names: the images of each fold, and the stores where it names stores.
struct Folds {
    /// Names and images, in the order given.
    private(set) var all: [(name: String, images: [String])] = []
    private var stores: [MapStore] = []

    /// - Parameter text: truth files or map stores with commas between; nil is no folds.
    init(_ text: String?) throws {
        for path in text?.split(separator: ",").map(String.init) ?? [] {
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
                let store = try MapStore.openFilled(at: path)
                stores.append(store)
                all.append((path, store.imageNames))
            } else {
                all.append((path, try AnnotationFile.read(path: path).images.map(\.name)))
            }
        }
    }

    /// The maps of all folds, where they are stores.
    func joined() throws -> JoinedMaps {
        guard stores.count == all.count else {
            throw CommandError(
                Diagnosis(
                    .usage, "the folds are no map stores, so --maps must name the maps",
                    nextStep: "--maps FOLDER with the maps of all folds' images"))
        }
        return try JoinedMaps(stores)
    }
}
