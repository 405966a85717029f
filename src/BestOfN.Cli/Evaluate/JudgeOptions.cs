namespace BestOfN.Cli.Evaluate;

/// <summary>How a reward model scores a benchmark.</summary>
/// <param name="Type">float32, bfloat16 or auto.</param>
/// <param name="Device">cpu or cuda.</param>
/// <param name="HdNum">Tiles of an image at most; null: what the model's folder says.</param>
/// <param name="MaxLength">Tokens of a conversation at most; null: what the model reads.</param>
/// <param name="Truncate">fail, left or right.</param>
internal sealed record JudgeOptions(string Type, string Device, int? HdNum, int? MaxLength, string Truncate);
