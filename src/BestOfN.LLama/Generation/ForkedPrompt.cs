using BestOfN.Inputs.Decoding;

namespace BestOfN.LLama.Generation;

/// <summary>A prompt and the sequences that are forked from it.</summary>
internal sealed class ForkedPrompt(
    IReadOnlyList<int> ids, IReadOnlyList<TokenSequence> sequences, int longestAnswer, IReadOnlyList<int> slots)
{
    private readonly List<TokenSequence> _sequences = [.. sequences];
    private readonly List<int> _slots = [.. slots];

    public IReadOnlyList<int> Ids => ids;

    public IReadOnlyList<TokenSequence> Sequences => _sequences;

    /// <summary>The number of each sequence in llama.cpp's memory. Until the prompt is read, the first stands for all.</summary>
    public IReadOnlyList<int> Slots => _slots;

    /// <summary>Tokens of the prompt that were read.</summary>
    public int Read { get; set; }

    public bool IsRead => Read == ids.Count;

    /// <summary>Tokens that the prompt takes and the sequences may come to.</summary>
    public long ReservedTokens => ids.Count + ((long)_sequences.Count * longestAnswer);

    /// <returns>The numbers that have become free.</returns>
    public List<int> TakeOutEnded()
    {
        var free = new List<int>();
        for (var i = _sequences.Count - 1; i >= 0; i--)
        {
            if (_sequences[i].IsEnded)
            {
                free.Add(_slots[i]);
                _sequences.RemoveAt(i);
                _slots.RemoveAt(i);
            }
        }

        return free;
    }
}
