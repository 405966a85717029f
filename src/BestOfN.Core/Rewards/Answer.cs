using System.Text.Json;
using BestOfN.Core.Prompts;

namespace BestOfN.Core.Rewards;

/// <summary>An answer, or the beginning of one, to be scored.</summary>
/// <param name="Index">Identity within the session: a longer text under the same index continues what was read before.</param>
/// <param name="Text">The whole text so far.</param>
/// <param name="IsComplete">False while more may follow: the score is then that of the beginning.</param>
public sealed record Answer(int Index, string Text, bool IsComplete = true)
{
    /// <summary>What belongs to the answer's message besides its text; see <see cref="ChatMessage.Fields"/>. Null: nothing.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Fields { get; init; }

    /// <summary>The answer as a message of the assistant.</summary>
    public ChatMessage ToMessage() => Fields is null ? new("assistant", Text) : new("assistant", Text) { Fields = Fields };
}
