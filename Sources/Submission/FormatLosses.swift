import Dataset

/// What a set holds that a format cannot: counted, so that a conversion can say what it left out.
struct FormatLosses {
    private var scores = 0
    private var transcriptions = 0
    private var dontCares = 0
    /// Don't-care words whose own text is not ICDAR's `###`.
    private var dontCareTexts = 0
    /// Words to be counted that have no transcription.
    private var missingTranscriptions = 0
    /// Words to be counted whose text is `###` all the same.
    private var falseDontCares = 0
    private var lineBreaks = 0
    private var ids = 0
    private var sizes = 0
    private var extras = 0
    private var fractions = 0
    private var extensions = 0
    private var images: Set<String> = []

    init(of set: AnnotationSet) {
        extras = set.extras.count
        for image in set.images {
            images.insert(image.name)
            if ICDARText.stem(ofImage: image.name) != image.name { extensions += 1 }
            if image.width != nil || image.height != nil { sizes += 1 }
            extras += image.extras.count
            for (index, word) in image.words.enumerated() {
                if word.score != nil { scores += 1 }
                if word.transcription != nil { transcriptions += 1 }
                if word.isDontCare { dontCares += 1 }
                if word.isDontCare, word.transcription != ICDARText.dontCare { dontCareTexts += 1 }
                if !word.isDontCare, word.transcription == nil { missingTranscriptions += 1 }
                if !word.isDontCare, word.transcription == ICDARText.dontCare { falseDontCares += 1 }
                if word.transcription?.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) ?? false { lineBreaks += 1 }
                if word.id != wordID(index) { ids += 1 }
                extras += word.extras.count
                for point in word.polygon.points {
                    if point.x != point.x.rounded() { fractions += 1 }
                    if point.y != point.y.rounded() { fractions += 1 }
                }
            }
        }
    }

    func csv(order: [String]?, style: CSVStyle) -> [String] {
        var notes = [
            note(scores, "scores"), note(transcriptions, "transcriptions"), note(dontCares, "don't-care marks"),
            note(ids, "word ids that are not numbers in order"), note(sizes, "image sizes"),
            note(extras, "other members"), fractionNote(isRounded: style.roundsCoordinates),
        ].compactMap { $0 }
        let added = (order ?? []).reduce(0) { $0 + (images.contains($1) ? 0 : 1) }
        if added > 0 {
            notes.append("\(added) images of the order are not in the predictions: written without polygons")
        }
        return notes
    }

    func icdar(form: ICDARForm, options: ICDARText.WriteOptions) -> [String] {
        var notes = [
            form.hasConfidence ? nil : note(scores, "scores"),
            form.hasTranscription ? nil : note(transcriptions, "transcriptions"),
            form.hasTranscription ? nil : note(dontCares, "don't-care marks"),
            form.hasTranscription ? note(dontCareTexts, "transcriptions of don't-care words, written as ###") : nil,
            note(ids, "word ids that are not numbers in order"), note(sizes, "image sizes"),
            note(extras, "other members"), fractionNote(isRounded: options.roundsCoordinates),
        ].compactMap { $0 }
        if form.hasTranscription {
            if missingTranscriptions > 0 {
                notes.append("\(missingTranscriptions) words without a transcription are written with an empty one")
            }
            if falseDontCares > 0 {
                notes.append("\(falseDontCares) words whose text is ### will read back as don't-care")
            }
            if lineBreaks > 0 { notes.append("\(lineBreaks) transcriptions have line breaks, written as spaces") }
        }
        if extensions > 0 {
            notes.append("\(extensions) image names lose their extension: read them back with the names of a sample")
        }
        return notes
    }

    private func note(_ count: Int, _ what: String) -> String? {
        count == 0 ? nil : "left out, as the format has no place for them: \(count) \(what)"
    }

    private func fractionNote(isRounded: Bool) -> String? {
        guard fractions > 0 else { return nil }
        return isRounded
            ? "\(fractions) coordinates with a fraction were rounded"
            : "\(fractions) coordinates have a fraction, which readers of integers refuse"
    }
}
