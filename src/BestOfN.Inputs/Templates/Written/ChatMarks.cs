namespace BestOfN.Inputs.Templates.Written;

/// <summary>The marks that one family of chat templates writes round a turn: <c>Start role Separator content End</c>.</summary>
/// <param name="Name">What the family is called.</param>
/// <param name="Start">Mark before the role.</param>
/// <param name="Separator">Mark between role and content.</param>
/// <param name="End">Mark behind the content.</param>
internal sealed record ChatMarks(string Name, string Start, string Separator, string End)
{
    /// <summary>All families that are known.</summary>
    public static IReadOnlyList<ChatMarks> All { get; } =
    [
        new("chatml", "<|im_start|>", "\n", "<|im_end|>"),
        new("chatml-unused", "[UNUSED_TOKEN_146]", "\n", "[UNUSED_TOKEN_145]"),
        new("llama3", "<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>"),
        new("gemma", "<start_of_turn>", "\n", "<end_of_turn>"),
    ];

    /// <summary>The marks that show, wherever they stand, that a text is of this family.</summary>
    public IEnumerable<string> Telling => [Start, Separator.Trim(), End];
}
