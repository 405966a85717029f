namespace BestOfN.Inputs.Decoding;

/// <summary>All sequences that an engine decodes together, as ids. Requests join and leave row by row between any two steps.</summary>
/// <remarks>Not thread-safe: belongs to the engine's thread.</remarks>
internal interface ISequenceBatch : IDisposable
{
    /// <summary>Sequences that have not ended, those waiting for their prompt included.</summary>
    int Count { get; }

    /// <summary>True where some prompt was not read to its end.</summary>
    bool HasPrompts { get; }

    /// <summary>True where some sequence waits for its next token.</summary>
    bool HasRunning { get; }

    /// <summary>Whether the memory that is free now suffices for one more prompt with its sequences.</summary>
    /// <param name="promptLength">Tokens of the prompt.</param>
    /// <param name="sequences">Sequences that are forked from it.</param>
    /// <param name="longestAnswer">Most tokens of one sequence.</param>
    bool HasRoomFor(int promptLength, int sequences, int longestAnswer) => true;

    /// <summary>Adds prompts, each with the sequences forked from it.</summary>
    /// <param name="prompts">At least one; every prompt has at least one token and one sequence.</param>
    /// <param name="longestAnswer">No sequence will be longer than this: the caller ends them.</param>
    void Add(IReadOnlyList<(IReadOnlyList<int> Ids, IReadOnlyList<TokenSequence> Sequences)> prompts, int longestAnswer);

    /// <summary>Prepares what prompts that were added show besides text, before they are read.</summary>
    /// <param name="held">What their generations hold (<see cref="RunningGeneration.Held"/>).</param>
    void See(IReadOnlyList<IDisposable> held) { }

    /// <summary>Reads a part of the oldest prompts that wait; a prompt that is finished gives its sequences their first token.</summary>
    /// <param name="tokens">At most so many.</param>
    /// <returns>The sequences that got a token.</returns>
    IReadOnlyList<TokenSequence> Prefill(int tokens);

    /// <summary>Gives every sequence whose prompt was read its next token.</summary>
    /// <returns>The sequences that got a token.</returns>
    IReadOnlyList<TokenSequence> Decode();

    /// <summary>Drops what has ended, and its memory.</summary>
    void Compact();
}
