using System.Security.Cryptography;
using BestOfN.Core.Prompts;
using BestOfN.Data.Sampling;
using BestOfN.Data.Worlds;
using BestOfN.Inputs.Images;
using SkiaSharp;

namespace BestOfN.Data.Tests.Worlds;

public sealed class PocketSeenWorldsTests
{
    public static TheoryData<string> Worlds => [PocketWorlds.Image, PocketWorlds.Video];

    [Theory]
    [MemberData(nameof(Worlds))]
    public void The_solution_is_correct_and_every_changed_or_dropped_character_of_a_single_answer_is_noticed(string world)
    {
        foreach (var problem in Draw(world, 300))
        {
            var solution = problem.Solution;
            Assert.True(problem.IsCorrect($" {solution}\n"), $"{problem.Question} {solution}");
            for (var i = 0; i < solution.Length; i++)
            {
                Assert.False(problem.IsCorrect(solution.Remove(i, 1)), $"{solution} without {i}");
                foreach (var c in "0123456789ABCD+=. ".Where(c => c != solution[i]))
                {
                    Assert.False(problem.IsCorrect($"{solution[..i]}{c}{solution[(i + 1)..]}x"));
                    Assert.True(problem is FrameOrderProblem || !problem.IsCorrect($"{solution[..i]}{c}{solution[(i + 1)..]}"),
                        $"{solution} with {c} at {i}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void No_malformed_answer_throws(string world)
    {
        string[] answers = ["", "1", "+", "=", "1+", "+1=", "A", "A1", "A1A1A1A1A1A1",
            "47.", "12+61", "12+=73", "99999999999+1=3", "red", "é", "==", "=+"];
        foreach (var problem in Draw(world, 100))
        {
            Assert.All(answers.Where(a => a != problem.Solution && a is not ("1" or "A")), a => Assert.False(problem.IsCorrect(a)));
        }
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void What_is_right_is_plausible_and_what_is_no_answer_is_not(string world)
    {
        foreach (var problem in Draw(world, 100).Cast<SeenProblem>())
        {
            Assert.True(problem.IsPlausible(problem.Solution), $"{problem.Question} {problem.Solution}");
            Assert.All((string[])["", "?", "+", "47.", "10+61", "12+=73", "99999999999+1=3", "red", "é", "A1A1A1A1A1A1", "Z9B2C2C3D3D4"],
                a => Assert.False(problem.IsPlausible(a), $"{problem.Question} {a}"));
        }
    }

    [Fact]
    public void A_wrong_sum_and_a_broken_way_can_be_told_without_looking_and_a_false_number_cannot()
    {
        var (sum, way) = (Draw(PocketWorlds.Video, 50).OfType<FrameSumProblem>().First(),
            Draw(PocketWorlds.Video, 50).OfType<FrameOrderProblem>().First());
        var unseen = Enumerable.Range(10, 30).First(n => !sum.Numbers.Contains(n) && n != sum.Total - n && sum.Total - n >= 10);
        Assert.True(sum.IsPlausible(NumberPair.Answer(unseen, sum.Total - unseen, sum.Total)));
        Assert.False(sum.IsPlausible(NumberPair.Answer(unseen, sum.Total - unseen + 1, sum.Total)));

        var cells = way.Solution.Chunk(2).Select(c => new string(c)).ToArray();
        Assert.False(way.IsPlausible(string.Concat(cells[1..].Append(cells[0]))));
        Assert.False(way.IsPlausible(string.Concat(cells[1..])));
    }

    // A model that is trained on guesses which can all be recognised without the image never learns to look at it.
    [Theory]
    [MemberData(nameof(Worlds))]
    public void Many_wrong_guesses_can_only_be_told_by_looking(string world)
    {
        var random = new SplitMix64(6);
        foreach (var family in Draw(world, 2000).Cast<SeenProblem>().GroupBy(p => p.Family))
        {
            var wrong = family.Select(p => (Problem: p, Guess: p.Guess(random))).Where(g => !g.Problem.IsCorrect(g.Guess)).ToArray();
            Assert.InRange(wrong.Average(g => g.Problem.IsPlausible(g.Guess) ? 1.0 : 0), 0.2, 1);
        }
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void A_guess_is_sometimes_right_and_mostly_wrong(string world)
    {
        var random = new SplitMix64(5);
        foreach (var family in Draw(world, 3000).Cast<SeenProblem>().GroupBy(p => p.Family))
        {
            Assert.InRange(family.Average(p => p.IsCorrect(p.Guess(random)) ? 1.0 : 0), 0.04, 0.45);
        }
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void The_splits_share_no_content_under_any_seeds(string world)
    {
        var training = Enumerable.Range(0, 3000).Select(i => PocketWorlds.Of(world).Draw((ulong)i, 0, Split.Training).Content).ToHashSet();

        Assert.DoesNotContain(
            Enumerable.Range(0, 1000), i => training.Contains(PocketWorlds.Of(world).Draw((ulong)i, 0, Split.HeldOut).Content));
    }

    // Measured once and written down: a picture drawn elsewhere must have the same bytes.
    [Theory]
    [InlineData(PocketWorlds.Image, "7F162023DF76162F")]
    [InlineData(PocketWorlds.Video, "C7601395CEB29D06")]
    public void Images_of_a_seed_do_not_change_between_versions(string world, string hash)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var picture in Draw(world, 20).SelectMany(p => p.Frames ?? p.Pictures))
        {
            sha.AppendData(picture.Pixels.Span);
        }

        Assert.Equal(hash, Convert.ToHexString(sha.GetHashAndReset())[..16]);
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void Companions_ask_something_else_about_the_same_picture_in_the_same_split(string world)
    {
        var seen = new HashSet<ProblemFamily>();
        foreach (var problem in Draw(world, 100))
        {
            foreach (var other in problem.Companions(new SplitMix64(3)))
            {
                seen.Add(other.Family);
                Assert.Same(problem.Frames ?? problem.Pictures, other.Frames ?? other.Pictures);
                Assert.NotEqual(problem.Content, other.Content);
                Assert.Equal(problem.Split, other.Split);
                Assert.True(other.IsCorrect(other.Solution), $"{other.Question} {other.Solution}");
            }
        }

        Assert.Equal(world == PocketWorlds.Image ? [ProblemFamily.Reading, ProblemFamily.Counting, ProblemFamily.Position]
            : [ProblemFamily.FrameSum], seen.Order());
    }

    [Fact]
    public void Fine_print_differs_at_full_size_and_hardly_at_half_size()
    {
        var colours = NamedColour.All.Take(4).ToArray();
        Cell[] cells = [new(1, 2), new(0, 0), new(3, 3), new(2, 2)];
        Image Card(int number) =>
            new ReadingProblem { Question = "", Solution = "", Cards = new(colours, [number, 20, 30, 40], cells, 0) }.Pictures[0];

        for (var digit = 1; digit < 10; digit++)
        {
            var (one, other) = (Card(50), Card(50 + digit));
            Assert.InRange(Differences(one.Pixels.Span, other.Pixels.Span).Max(), 90, 255);
            Assert.InRange(Differences(Half(one), Half(other)).Max(), 0, 6);
        }

        Assert.True(Differences(Half(Card(50)), Half(Card(60))).Max() > 60);
    }

    [Fact]
    public void A_picture_travels_as_a_png_and_a_video_as_a_gif_with_exactly_their_pixels()
    {
        foreach (var problem in Draw(PocketWorlds.Image, 6).Concat(Draw(PocketWorlds.Video, 6)))
        {
            var parts = problem.ToPrompt().Messages.Single().Parts;
            Assert.Equal(new TextPart(problem.Question), parts[1]);
            var file = parts[0] is ImagePart image ? image.Content : ((VideoPart)parts[0]).Content;
            var expected = problem.Frames ?? problem.Pictures;
            using var codec = SKCodec.Create(new SKMemoryStream(file.ToArray()));
            Assert.Equal(expected.Count, Math.Max(1, codec.FrameCount));
            for (var frame = 0; frame < expected.Count; frame++)
            {
                Assert.Equal(expected[frame].Pixels.ToArray(), Rgb(codec, frame));
                Assert.True(problem.Frames is null || codec.FrameInfo[frame].Duration == 1000);
            }
        }
    }

    [Fact]
    public void A_gif_of_noise_survives_the_clearing_of_its_table()
    {
        var random = new SplitMix64(9);
        var noise = new Image(
            200, 150, [.. Enumerable.Range(0, 30000).SelectMany(_ => { var v = (byte)random.Below(256); return (byte[])[v, v, v]; })]);

        using var codec = SKCodec.Create(new SKMemoryStream(AnimatedGif.Encode([noise])));

        Assert.Equal(noise.Pixels.ToArray(), Rgb(codec, 0));
    }

    [Fact]
    public void An_unknown_world_is_refused_with_the_names_of_those_there_are() =>
        Assert.Contains("pocket-image, pocket-text, pocket-video", Assert.Throws<ArgumentException>(() => PocketWorlds.Of("moon")).Message,
            StringComparison.Ordinal);

    private static IEnumerable<Problem> Draw(string world, int count) =>
        Enumerable.Range(0, count).Select(i => PocketWorlds.Of(world).Draw(7, i, Split.Training));

    private static IEnumerable<int> Differences(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        var differences = new int[one.Length];
        for (var i = 0; i < one.Length; i++)
        {
            differences[i] = Math.Abs(one[i] - other[i]);
        }

        return differences;
    }

    /// <summary>Half the size, as bilinear resampling whose support widens does it: weights 1, 3, 3, 1 along each axis.</summary>
    private static byte[] Half(Image picture)
    {
        var (width, height) = (picture.Width / 2, picture.Height / 2);
        var half = new byte[width * height * 3];
        for (var i = 0; i < half.Length; i++)
        {
            var (x, y, channel) = (i / 3 % width, i / 3 / width, i % 3);
            var (sum, total) = (0, 0);
            for (var dy = -1; dy <= 2; dy++)
            {
                for (var dx = -1; dx <= 2; dx++)
                {
                    var (px, py) = ((2 * x) + dx, (2 * y) + dy);
                    if (px >= 0 && py >= 0 && px < picture.Width && py < picture.Height)
                    {
                        var weight = (dx is 0 or 1 ? 3 : 1) * (dy is 0 or 1 ? 3 : 1);
                        sum += weight * picture.Pixels.Span[(((py * picture.Width) + px) * 3) + channel];
                        total += weight;
                    }
                }
            }

            half[i] = (byte)((sum + (total / 2)) / total);
        }

        return half;
    }

    private static byte[] Rgb(SKCodec codec, int frame)
    {
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        using var bitmap = new SKBitmap(info);
        Assert.Equal(SKCodecResult.Success, codec.GetPixels(info, bitmap.GetPixels(), new SKCodecOptions(frame)));
        return [.. bitmap.GetPixelSpan().ToArray().Where((_, i) => i % 4 < 3)];
    }
}
