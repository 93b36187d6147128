internal import Foundation

/// This very program, for children.
enum Program {
    private static let link = "/proc/self/exe"
    private static let first = URL(filePath: link).resolvingSymlinksInPath().path

    /// Its file; once that has another program in it, or none, the one that runs.
    static var path: String {
        var (file, own) = (stat(), stat())
        let isSame =
            stat(first, &file) == 0 && stat(link, &own) == 0 && file.st_ino == own.st_ino && file.st_dev == own.st_dev
        return isSame ? first : link
    }
}
