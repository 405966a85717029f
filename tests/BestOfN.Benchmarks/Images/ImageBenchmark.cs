using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Inference.Runtime;
using Spectre.Console;
using static BestOfN.Benchmarks.Samples;
using static TorchSharp.torch;

namespace BestOfN.Benchmarks.Images;

/// <summary>Scoring answers about an image: everything anew for every candidate, the product's
/// engine, and the FLOP bound; interleaved, medians.</summary>
internal sealed class ImageBenchmark
{
    private const int MostRounds = 5;

    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private readonly ImageBenchmarkOptions _options;
    private readonly DeviceWorker _worker;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Dictionary<ImageCase, float[]> _float32Scores = [];

    private ImageBenchmark(ImageBenchmarkOptions options, DeviceWorker worker) => (_options, _worker) = (options, worker);

    public static int Run(ImageBenchmarkOptions options)
    {
        if (options.Threads is { } threads)
        {
            set_num_threads(threads);
        }

        using var worker = new DeviceWorker(device(options.Device));
        new ImageBenchmark(options, worker).MeasureAsync().GetAwaiter().GetResult();
        return 0;
    }

    private async Task MeasureAsync()
    {
        var half = _worker.Device.type == TorchSharp.DeviceType.CUDA || ComputeTypes.CpuHasBFloat16;
        ScalarType[] types = half ? [ScalarType.Float32, ScalarType.BFloat16] : [ScalarType.Float32];
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = 240;
        }

        AnsiConsole.WriteLine(ImageModel.Description);
        AnsiConsole.WriteLine(FormattableString.Invariant($"{_worker.Device}, {get_num_threads()} threads"));
        if (!half)
        {
            AnsiConsole.WriteLine("bf16 is left out: this CPU has neither avx512_bf16 nor amx_bf16.");
        }

        var results = new List<ImageResult>();
        async Task MeasureAllAsync(ProgressContext? progress)
        {
            foreach (var type in types)
            {
                results.AddRange(await MeasureAsync(type, types[^1] == type ? 1 : types.Length, progress));
            }
        }

        if (Console.IsOutputRedirected)
        {
            await MeasureAllAsync(null);
        }
        else
        {
            await AnsiConsole.Progress().Columns(new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn(), new ElapsedTimeColumn()).StartAsync(MeasureAllAsync);
        }

        var video = await VideoBenchmark.MeasureAsync();
        PrintTimes(results);
        PrintParts(results);
        Print(video);
        if (_options.Json is { } file)
        {
            await File.WriteAllTextAsync(
                file, JsonSerializer.Serialize(new ImageReport(ImageModel.Vision, ImageModel.Decoder, results, video), s_json));
        }
    }

    private async Task<List<ImageResult>> MeasureAsync(ScalarType type, int typesLeft, ProgressContext? progress)
    {
        using var methods = new ImageMethods(await _worker.RunAsync(() => ImageModel.Create(type, _worker.Device)), _worker);
        var small = new ImageCase(1, 1);   // libraries load, threads start
        await methods.PerCandidateAsync(small, small.Image(0));
        await ImageMethods.ScoreAsync(methods.Keeping, small, small.Image(0));

        var results = new List<ImageResult>();
        foreach (var request in _options.Cases)
        {
            // Time goes to the cases as their naive measurements ask for it.
            var costs = _options.Cases.Sum(Cost) * (typesLeft - 1) + _options.Cases.Skip(results.Count).Sum(Cost);
            var share = (TimeSpan.FromMinutes(_options.Minutes) - _clock.Elapsed) * (Cost(request) / costs);
            results.Add(await MeasureAsync(request, type, methods, progress, share));
        }

        return results;

        static double Cost(ImageCase request) => ImageFlops.PerCandidate(ImageModel.Vision, ImageModel.Decoder, request).Total;
    }

    private async Task<ImageResult> MeasureAsync(
        ImageCase request, ScalarType type, ImageMethods methods, ProgressContext? progress, TimeSpan share)
    {
        const int StepsPerRound = 3;
        var name = type == ScalarType.Float32 ? "float32" : "bfloat16";
        var task = progress?.AddTask($"{name} {request.Side}x{request.Side} N={request.N}", maxValue: StepsPerRound * MostRounds);
        using var rates = await _worker.RunAsync(() => new ImageRates(request, type, _worker.Device));
        var (naive, first, imageKept, promptKept, preparation) = (new List<double>(),
            new List<double>(), new List<double>(), new List<double>(), new List<double>());
        var (images, difference, fromFloat32, spread, bitEqual) = (0, 0.0, 0.0, 0.0, true);

        // The short measurement is made twice a round, before and after the long one, each time with a new image that no cache holds.
        async Task<(ImagePart Image, float[] Scores)> OursAsync()
        {
            var image = request.Image(++images);
            Time(preparation, () => ImageMethods.Prepare(image));
            await _worker.RunAsync(rates.Sample);
            var scores = await TimeAsync(first, () => ImageMethods.ScoreAsync(methods.Keeping, request, image));
            var again = await TimeAsync(promptKept, () => ImageMethods.ScoreAsync(methods.Keeping, request, image));
            var other = await TimeAsync(first, () => ImageMethods.ScoreAsync(methods.Forgetting, request, image));
            var otherAgain = await TimeAsync(imageKept, () => ImageMethods.ScoreAsync(methods.Forgetting, request, image));
            await _worker.RunAsync(rates.Sample);
            bitEqual &= scores.SequenceEqual(again) && scores.SequenceEqual(other) && scores.SequenceEqual(otherAgain);
            task?.Increment(1);
            return (image, scores);
        }

        var rounds = 1;
        var started = _clock.Elapsed;
        for (var round = 0; round < rounds; round++)
        {
            var (image, ours) = await OursAsync();
            var theirs = await TimeAsync(naive, () => methods.PerCandidateAsync(request, image));
            difference = Math.Max(difference, Difference(ours, theirs));
            task?.Increment(1);
            await OursAsync();
            if (round == 0)
            {
                if (type == ScalarType.Float32)
                {
                    _float32Scores[request] = ours;
                }

                (fromFloat32, spread) = (Difference(ours, _float32Scores[request]), Spread(ours));
                rounds = Math.Clamp((int)(share / (_clock.Elapsed - started)), 1, MostRounds);
                task?.MaxValue = StepsPerRound * rounds;
            }
        }

        task?.StopTask();
        var (v, c) = (ImageModel.Vision, ImageModel.Decoder);
        var (published, publishedDecoder) = ImageModel.Published;
        var (once, perCandidate) = (ImageFlops.Once(v, c, request), ImageFlops.PerCandidate(v, c, request));
        var publishedOnce = ImageFlops.Once(published, publishedDecoder, request);
        return new ImageResult
        {
            Type = name,
            Side = request.Side,
            N = request.N,
            ImageTokens = request.ImageTokens(v),
            PromptTokens = request.PromptTokens(v),
            AnswerTokens = ImageCase.AnswerTokens,
            Rounds = rounds,
            NaiveSeconds = Median(naive),
            FirstSeconds = Median(first),
            ImageKeptSeconds = Median(imageKept),
            PromptKeptSeconds = Median(promptKept),
            PreparationSeconds = Median(preparation),
            TowerBoundSeconds = once.Tower / rates.Tower,
            ProjectorBoundSeconds = once.Projector / rates.Projector,
            PromptBoundSeconds = once.Prompt / rates.Decoder,
            AnswersBoundSeconds = once.Answers / rates.Decoder,
            NaiveBoundSeconds = (perCandidate.Tower / rates.Tower) + (perCandidate.Projector / rates.Projector)
                + ((perCandidate.Prompt + perCandidate.Answers) / rates.Decoder),
            TowerGigaflopsPerSecond = rates.Tower / 1e9,
            ProjectorGigaflopsPerSecond = rates.Projector / 1e9,
            DecoderGigaflopsPerSecond = rates.Decoder / 1e9,
            FlopRatio = perCandidate.Total / once.Total,
            PublishedFlopRatio = ImageFlops.PerCandidate(published, publishedDecoder, request).Total / publishedOnce.Total,
            PromptKeptFlopRatio = once.Total / once.Answers,
            PublishedPromptKeptFlopRatio = publishedOnce.Total / publishedOnce.Answers,
            MaxScoreDifference = difference,
            MaxDifferenceFromFloat32 = fromFloat32,
            ScoreSpread = spread,
            RepeatedIsBitEqual = bitEqual,
        };
    }

    private static void Time(List<double> seconds, Action work)
    {
        var clock = Stopwatch.StartNew();
        work();
        seconds.Add(clock.Elapsed.TotalSeconds);
    }

    private static async Task<T> TimeAsync<T>(List<double> seconds, Func<Task<T>> work)
    {
        var clock = Stopwatch.StartNew();
        var result = await work();
        seconds.Add(clock.Elapsed.TotalSeconds);
        return result;
    }

    private static void PrintTimes(List<ImageResult> results)
    {
        AnsiConsole.WriteLine();
        AnsiConsole.WriteLine(
            "A picture nobody has seen: every candidate by itself (naive) and the engine (ours). "
                + "Bound: linear layers and attention at the measured rate of their products.");
        Print(
            ["type", "tiles", "N", "P", "A", "naive s", "ours s", "naive ÷ ours", "× in FLOPs", "× in FLOPs, published sizes",
                "bound s", "bound ÷ ours", "naive's bound ÷ naive", "max diff", "vs float32", "spread", "rounds"],
            results.Select(r => (FormattableString[])
            [
                $"{r.Type}", $"{r.Side}x{r.Side}", $"{r.N}", $"{r.PromptTokens}", $"{r.AnswerTokens}",
                $"{r.NaiveSeconds:0.000}", $"{r.FirstSeconds:0.000}",
                $"{r.NaiveOverFirst:0.00}", $"{r.FlopRatio:0.00}", $"{r.PublishedFlopRatio:0.00}",
                $"{r.BoundSeconds:0.000}", $"{r.ShareOfBound:0.000}",
                $"{r.NaiveShareOfBound:0.000}", $"{r.MaxScoreDifference:0.0e0}",
                $"{r.MaxDifferenceFromFloat32:0.0e0}", $"{r.ScoreSpread:0.00}", $"{r.Rounds}",
            ]));
    }

    private static void PrintParts(List<ImageResult> results)
    {
        AnsiConsole.WriteLine(
            "Bounds of the parts with the rates of their products, and the same request "
                + "again: with the picture kept, with the prompt's state kept too.");
        Print(
            ["type", "tiles", "N", "preparation ms", "tower s", "GF/s", "projector s", "GF/s", "prompt s", "answers s", "GF/s",
                "picture kept s", "× faster", "bound ÷ it", "prompt kept s", "× faster",
                "× in FLOPs", "published sizes", "bound ÷ it", "bit-equal"],
            results.Select(r => (FormattableString[])
            [
                $"{r.Type}", $"{r.Side}x{r.Side}", $"{r.N}", $"{r.PreparationSeconds * 1e3:0.0}",
                $"{r.TowerBoundSeconds:0.000}", $"{r.TowerGigaflopsPerSecond:0.0}",
                $"{r.ProjectorBoundSeconds:0.000}", $"{r.ProjectorGigaflopsPerSecond:0.0}", $"{r.PromptBoundSeconds:0.000}",
                $"{r.AnswersBoundSeconds:0.000}", $"{r.DecoderGigaflopsPerSecond:0.0}",
                $"{r.ImageKeptSeconds:0.000}", $"{r.FirstOverImageKept:0.00}", $"{r.ImageKeptShareOfBound:0.000}",
                $"{r.PromptKeptSeconds:0.000}", $"{r.FirstOverPromptKept:0.00}", $"{r.PromptKeptFlopRatio:0.00}",
                $"{r.PublishedPromptKeptFlopRatio:0.00}", $"{r.PromptKeptShareOfBound:0.000}", $"{(r.RepeatedIsBitEqual ? "yes" : "no")}",
            ]));
    }

    private static void Print(VideoResult? video) => AnsiConsole.WriteLine(video is null
        ? "The video is left out: ffmpeg is not installed (apt-get install ffmpeg)."
        : string.Create(CultureInfo.InvariantCulture,
            $"video: {video.VideoSeconds:0.#} s of {video.Width}x{video.Height} ({video.Codec}), {video.SampledFrames} frames into "
                + $"{video.Tiles} tiles: read {video.ReadSeconds:0.000} s, composed {video.ComposeSeconds:0.000} "
                + $"s, {video.RealTimeFactor:0.0} seconds of video per second ({video.Rounds} rounds)"));

    private static void Print(string[] columns, IEnumerable<FormattableString[]> rows)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (var row in rows)
        {
            table.AddRow(row.Select(FormattableString.Invariant).ToArray());
        }

        AnsiConsole.Write(table);
    }
}
