namespace BestOfN.Data.Preferences;

/// <summary>A data set on disk.</summary>
/// <param name="Path">A JSON list of records, or one record a line.</param>
/// <param name="Images">Where its pictures are; null: in the file's folder.</param>
public sealed record DataSource(string Path, string? Images = null);
