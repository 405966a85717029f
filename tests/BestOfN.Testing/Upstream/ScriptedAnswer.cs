using System.Text.Json;

namespace BestOfN.Testing.Upstream;

/// <summary>What one choice says, piece by piece, and how it goes wrong. One piece is one token
/// unless <see cref="TokensPerPiece"/> says otherwise.</summary>
public sealed record ScriptedAnswer
{
    private ScriptedAnswer(IReadOnlyList<string> deltas) => Deltas = deltas;

    /// <summary>The delta objects, in JSON.</summary>
    public IReadOnlyList<string> Deltas { get; init; }

    /// <summary>The whole message, in JSON, where the answer is not streamed.</summary>
    public string? Message { get; init; }

    /// <summary>Null: the stream goes on without ever giving one.</summary>
    public string? FinishReason { get; init; } = "stop";

    /// <summary>Waits after so many pieces until the client goes away or the upstream is told to go on.</summary>
    public int? HangsAfter { get; init; }

    /// <summary>The whole stream ends cleanly, without finish_reason and [DONE], after so many pieces.</summary>
    public int? EndsAfter { get; init; }

    /// <summary>The connection is closed in the middle of the body after so many pieces.</summary>
    public int? BreaksAfter { get; init; }

    public int TokensPerPiece { get; init; } = 1;

    /// <summary>Each piece brings an entry for each of its tokens.</summary>
    public bool Logprobs { get; init; }

    public static ScriptedAnswer Saying(params string[] pieces) =>
        new([.. pieces.Select(piece => $$"""{"content":{{JsonSerializer.Serialize(piece)}}}""")])
        {
            Message = $$"""{"role":"assistant","content":{{JsonSerializer.Serialize(string.Concat(pieces))}},"refusal":null}""",
        };

    public static ScriptedAnswer Sending(params string[] deltas) => new(deltas);
}
