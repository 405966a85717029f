namespace BestOfN.Core.Rewards;

/// <summary>A text that is scored as it stands: in it the spellings of special tokens mean the tokens, and no template is used.</summary>
/// <param name="Text">Prompt and answer.</param>
/// <param name="AddsSpecialTokens">Whether the tokenizer puts before it what it puts before every text.</param>
public sealed record TextInput(string Text, bool AddsSpecialTokens) : RewardInput;
