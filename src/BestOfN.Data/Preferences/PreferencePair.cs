using BestOfN.Core.Prompts;

namespace BestOfN.Data.Preferences;

/// <summary>Two conversations that end with an answer, the first better than the second; both see the same pictures.</summary>
/// <param name="Id">As the data set calls it.</param>
/// <param name="Chosen">Messages of text; the last is the answer.</param>
/// <param name="Rejected">The same conversation with the worse answer.</param>
/// <param name="Pictures">Paths of the pictures, in the order of their places.</param>
public sealed record PreferencePair(
    string Id, IReadOnlyList<ChatMessage> Chosen, IReadOnlyList<ChatMessage> Rejected, IReadOnlyList<string> Pictures);
