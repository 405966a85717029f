namespace BestOfN.Data.Cleaning;

/// <param name="Role">user, assistant, system, tool, or as the record has it.</param>
/// <param name="Text">As it stands in the record, placeholders of images included.</param>
internal sealed record CorpusTurn(string Role, string Text);
