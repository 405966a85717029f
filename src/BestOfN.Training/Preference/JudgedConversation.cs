namespace BestOfN.Training.Preference;

/// <summary>A conversation as the network reads it.</summary>
/// <param name="Ids">Token ids; the last is the one whose reward is read. Those of images are 0 and mean nothing.</param>
/// <param name="Places">Where the images are, in order: first token and number of tokens.</param>
internal sealed record JudgedConversation(long[] Ids, IReadOnlyList<(int Start, int Count)> Places);
