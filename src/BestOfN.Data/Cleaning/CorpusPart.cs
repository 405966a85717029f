namespace BestOfN.Data.Cleaning;

/// <summary>A file of a corpus.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Name">What its outputs are called: a relative path, different for every part.</param>
/// <param name="Source">The source of its records; null: what they name, or else the file's name.</param>
/// <param name="File">Its records.</param>
/// <param name="Images">Where images are that its records name.</param>
internal sealed record CorpusPart(string Path, string Name, string? Source, ICorpusFile File, ImageFiles Images);
