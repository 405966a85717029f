namespace BestOfN.Inputs.Tokenizers;

/// <summary>A token that stands beside the trained vocabulary and is found in text by its spelling.</summary>
/// <param name="Special">False for tokens that the files declare to be ordinary text.</param>
internal sealed record AddedToken(int Id, string Spelling, bool Special);
