namespace BestOfN.Data.Cleaning;

/// <param name="Role">user, assistant, system, tool, or as the record has it.</param>
/// <param name="Text">As it stands in the record, placeholders of images included.</param>
/// <param name="Images">Where images stand that have no placeholder: how many characters of the text come before each.</param>
internal sealed record CorpusTurn(string Role, string Text, IReadOnlyList<int> Images);
