using BestOfN.Inference.Runtime;
using BestOfN.Inputs.Images;
using static TorchSharp.torch;

namespace BestOfN.Training.Pocket;

/// <summary>
/// Problems side by side for one training step: each its prompt once, then its answers, all of which see the prompt but not each other.
/// Problems about one image share it.
/// </summary>
/// <remarks>
/// The cost is P + ΣA per problem, as in scoring. With one answer it is an ordinary causal batch. L is the longest row; shorter ones are
/// padded on the right with token 0, which nobody sees.
/// </remarks>
internal sealed class TokenBatch
{
    // A few lengths, again and again: operators are compiled for a shape once, and memory of one shape serves the next.
    private const int LengthStep = 16;

    private static readonly TorchSharp.Scalar s_shared = 0;
    private static readonly TorchSharp.Scalar s_unseen = float.NegativeInfinity;

    private TokenBatch(Tensor ids, Tensor positions, Tensor mask, int rows, int length) =>
        (Ids, Positions, Mask, Rows, Length) = (ids, positions, mask, rows, length);

    /// <summary>[B·L] int64.</summary>
    public Tensor Ids { get; }

    /// <summary>Positions within prompt + own answer, [B·L] int64.</summary>
    public Tensor Positions { get; }

    /// <summary>0 where one is seen, -∞ where not, [B, 1, L, L], in the type that attention is computed in.</summary>
    public Tensor Mask { get; }

    /// <summary>B.</summary>
    public int Rows { get; }

    public int Length { get; }

    /// <summary>Row of the last token of every answer, in the order given: problem by problem.</summary>
    public required long[] Ends { get; init; }

    /// <summary>Row of the first token of every answer.</summary>
    public required long[] Starts { get; init; }

    /// <summary>The images, and the rows of their vectors, ascending.</summary>
    public required IReadOnlyList<(TiledImage Image, long FirstRow, int Tokens)> Images { get; init; }

    /// <param name="problems">Prompts and answers as token ids; no answer is empty. Neighbours with the same image share it.</param>
    /// <param name="type">What attention is computed in; null: bfloat16 in training where the CPU computes in it.</param>
    /// <param name="device">Where the network runs; null: on the CPU.</param>
    public static TokenBatch Of(
        IReadOnlyList<(TrainingPrompt Prompt, IReadOnlyList<IReadOnlyList<int>> Answers)> problems,
        ScalarType? type = null, Device? device = null)
    {
        var rows = new List<List<(TrainingPrompt Prompt, IReadOnlyList<IReadOnlyList<int>> Answers)>>();
        foreach (var problem in problems)
        {
            if (problem.Prompt.Image is { } image && rows is [.., var last] && ReferenceEquals(last[0].Prompt.Image, image))
            {
                last.Add(problem);
            }
            else
            {
                rows.Add([problem]);
            }
        }

        var length = rows.Max(row => RowLength(row.Select(p => (p.Prompt, p.Answers.Sum(a => a.Count)))));
        length = (length + LengthStep - 1) / LengthStep * LengthStep;
        var (ids, positions) = (new long[rows.Count * length], new long[rows.Count * length]);
        // 0: what all share; 1..: a question or an answer; -1: padding.
        var (segments, parents) = (new int[rows.Count * length], new int[rows.Count * length]);
        var (starts, ends) = (new List<long>(), new List<long>());
        var images = new List<(TiledImage, long, int)>();
        for (var b = 0; b < rows.Count; b++)
        {
            var row = b * length;
            Array.Fill(segments, -1, row, length);
            void Append(IEnumerable<int> tokens, int segment, int parent, int position)
            {
                foreach (var token in tokens)
                {
                    (ids[row], positions[row], segments[row], parents[row]) = (token, position++, segment, parent);
                    row++;
                }
            }

            if (rows[b][0].Prompt is { Image: { } image } seen)
            {
                images.Add((image, row + 1, seen.ImageTokens));
            }

            var shared = Shared(rows[b][0].Prompt);
            Append(rows[b][0].Prompt.Ids.Take(shared), 0, 0, 0);
            var segment = 0;
            foreach (var (prompt, answers) in rows[b])
            {
                var question = shared == prompt.Count ? 0 : ++segment;
                Append(prompt.Ids.Skip(shared), question, 0, shared);
                foreach (var answer in answers)
                {
                    starts.Add(row);
                    Append(answer, ++segment, question, prompt.Count);
                    ends.Add(row - 1);
                }
            }
        }

        using var scope = NewDisposeScope();
        var own = tensor(segments).view(rows.Count, 1, length);
        var (query, key, parent) = (own.unsqueeze(3), own.unsqueeze(2), tensor(parents).view(rows.Count, 1, length, 1));
        var causal = ones(length, length, ScalarType.Bool).tril();
        // Padding sees what is shared: never an empty row.
        var seenKeys = causal.logical_and(key.eq(s_shared).logical_or(key.eq(query)).logical_or(key.eq(parent)));
        var computed = type ?? (is_grad_enabled() && ComputeTypes.CpuHasBFloat16 ? ScalarType.BFloat16 : ScalarType.Float32);
        var mask = zeros(seenKeys.shape, computed).masked_fill_(seenKeys.logical_not(), s_unseen);
        Tensor There(Tensor here) => (device is null ? here : here.to(device)).MoveToOuterDisposeScope();
        return new TokenBatch(There(tensor(ids)), There(tensor(positions)), There(mask), rows.Count, length)
        {
            Starts = [.. starts],
            Ends = [.. ends],
            Images = images,
        };
    }

    /// <summary>Tokens of a row of companions.</summary>
    public static int RowLength(IEnumerable<(TrainingPrompt Prompt, int AnswerTokens)> companions) =>
        companions.Select((c, i) => c.AnswerTokens + (i == 0 ? c.Prompt.Count : c.Prompt.Count - Shared(c.Prompt))).Sum();

    // What companions have in common: BOS and the image; the whole prompt where there is none.
    private static int Shared(TrainingPrompt prompt) => prompt.Image is null ? prompt.Count : 1 + prompt.ImageTokens;
}
