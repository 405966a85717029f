using BestOfN.Models.Pictures;
using static TorchSharp.torch;

namespace BestOfN.Training.Optimization;

/// <summary>Problems side by side for one training step: each its prompt once, then its answers, all of which see the prompt but not each other.</summary>
/// <remarks>
/// The cost is P + ΣA per problem, as in scoring. With one answer it is an ordinary causal batch. L is the longest problem; shorter
/// ones are padded on the right with token 0, which nobody sees.
/// </remarks>
internal sealed class TokenBatch
{
    // Held: a scalar made for one call may be finalised while the native side still reads it.
    private static readonly TorchSharp.Scalar s_prompt = 0;

    private TokenBatch(Tensor ids, Tensor positions, Tensor mask, int problems, int length) =>
        (Ids, Positions, Mask, Problems, Length) = (ids, positions, mask, problems, length);

    /// <summary>[B·L] int64.</summary>
    public Tensor Ids { get; }

    /// <summary>Positions within prompt + own answer, [B·L] int64.</summary>
    public Tensor Positions { get; }

    /// <summary>Who is seen, [B, 1, L, L] bool.</summary>
    public Tensor Mask { get; }

    public int Problems { get; }

    public int Length { get; }

    /// <summary>Row of the last token of every answer, in the order given: problem by problem.</summary>
    public required long[] Ends { get; init; }

    /// <summary>Row of the first token of every answer.</summary>
    public required long[] Starts { get; init; }

    /// <summary>The pictures, and the rows of their vectors, ascending.</summary>
    public required IReadOnlyList<(TiledPicture Picture, long FirstRow, int Tokens)> Pictures { get; init; }

    /// <param name="problems">Prompts and answers as token ids; no answer is empty.</param>
    public static TokenBatch Of(IReadOnlyList<(TrainingPrompt Prompt, IReadOnlyList<IReadOnlyList<int>> Answers)> problems)
    {
        var length = problems.Max(p => p.Prompt.Count + p.Answers.Sum(a => a.Count));
        var (ids, positions) = (new long[problems.Count * length], new long[problems.Count * length]);
        var segments = new int[problems.Count * length];   // 0: prompt; 1..: answer; -1: padding
        var (starts, ends) = (new List<long>(), new List<long>());
        var pictures = new List<(TiledPicture, long, int)>();
        for (var b = 0; b < problems.Count; b++)
        {
            var (prompt, answers) = problems[b];
            var row = b * length;
            Array.Fill(segments, -1, row, length);
            void Append(IReadOnlyList<int> tokens, int segment, int position)
            {
                foreach (var token in tokens)
                {
                    (ids[row], positions[row], segments[row]) = (token, position++, segment);
                    row++;
                }
            }

            if (prompt.Picture is { } picture)
            {
                pictures.Add((picture, row + 1, prompt.PictureTokens));
            }

            Append(prompt.Ids, 0, 0);
            for (var a = 0; a < answers.Count; a++)
            {
                starts.Add(row);
                Append(answers[a], a + 1, prompt.Count);
                ends.Add(row - 1);
            }
        }

        using var scope = NewDisposeScope();
        var segment = tensor(segments).view(problems.Count, 1, length);
        var (query, key) = (segment.unsqueeze(3), segment.unsqueeze(2));
        var causal = ones(length, length, ScalarType.Bool).tril();
        var mask = causal.logical_and(key.eq(s_prompt).logical_or(key.eq(query)));   // padding sees the prompt or itself: never an empty row
        return new TokenBatch(
            tensor(ids).MoveToOuterDisposeScope(), tensor(positions).MoveToOuterDisposeScope(), mask.MoveToOuterDisposeScope(), problems.Count, length)
        {
            Starts = [.. starts],
            Ends = [.. ends],
            Pictures = pictures,
        };
    }
}
