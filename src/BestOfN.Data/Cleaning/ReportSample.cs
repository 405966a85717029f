namespace BestOfN.Data.Cleaning;

/// <summary>A record that a person should look at.</summary>
/// <param name="Record">Its number.</param>
/// <param name="Source">Its source.</param>
/// <param name="Reasons">Why it is dropped; none: it is kept.</param>
/// <param name="Worst">The answer with the lowest z, if it has scores.</param>
/// <param name="Turns">Roles and texts, cut to a length that can be read.</param>
/// <param name="Images">Small pictures as data URLs.</param>
internal sealed record ReportSample(
    int Record, string Source, IReadOnlyList<string> Reasons, JudgedTurn? Worst,
    IReadOnlyList<(string Role, string Text)> Turns, IReadOnlyList<string> Images);
