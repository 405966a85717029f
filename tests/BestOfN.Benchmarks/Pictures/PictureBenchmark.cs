using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Inference.Runtime;
using Spectre.Console;
using static BestOfN.Benchmarks.Samples;
using static TorchSharp.torch;

namespace BestOfN.Benchmarks.Pictures;

/// <summary>Scoring answers about a picture: everything anew for every candidate, the product's
/// engine, and the FLOP bound; interleaved, medians.</summary>
internal sealed class PictureBenchmark
{
    private const int MostRounds = 5;

    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private readonly PictureBenchmarkOptions _options;
    private readonly DeviceWorker _worker;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Dictionary<PictureCase, float[]> _float32Scores = [];

    private PictureBenchmark(PictureBenchmarkOptions options, DeviceWorker worker) => (_options, _worker) = (options, worker);

    public static int Run(PictureBenchmarkOptions options)
    {
        if (options.Threads is { } threads)
        {
            set_num_threads(threads);
        }

        using var worker = new DeviceWorker(device(options.Device));
        new PictureBenchmark(options, worker).MeasureAsync().GetAwaiter().GetResult();
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

        AnsiConsole.WriteLine(PictureModel.Description);
        AnsiConsole.WriteLine(FormattableString.Invariant($"{_worker.Device}, {get_num_threads()} threads"));
        if (!half)
        {
            AnsiConsole.WriteLine("bf16 is left out: this CPU has neither avx512_bf16 nor amx_bf16.");
        }

        var results = new List<PictureResult>();
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
                file, JsonSerializer.Serialize(new PictureReport(PictureModel.Vision, PictureModel.Decoder, results, video), s_json));
        }
    }

    private async Task<List<PictureResult>> MeasureAsync(ScalarType type, int typesLeft, ProgressContext? progress)
    {
        using var methods = new PictureMethods(await _worker.RunAsync(() => PictureModel.Create(type, _worker.Device)), _worker);
        var small = new PictureCase(1, 1);   // libraries load, threads start
        await methods.PerCandidateAsync(small, small.Picture(0));
        await PictureMethods.ScoreAsync(methods.Keeping, small, small.Picture(0));

        var results = new List<PictureResult>();
        foreach (var request in _options.Cases)
        {
            // Time goes to the cases as their naive measurements ask for it.
            var costs = _options.Cases.Sum(Cost) * (typesLeft - 1) + _options.Cases.Skip(results.Count).Sum(Cost);
            var share = (TimeSpan.FromMinutes(_options.Minutes) - _clock.Elapsed) * (Cost(request) / costs);
            results.Add(await MeasureAsync(request, type, methods, progress, share));
        }

        return results;

        static double Cost(PictureCase request) => PictureFlops.PerCandidate(PictureModel.Vision, PictureModel.Decoder, request).Total;
    }

    private async Task<PictureResult> MeasureAsync(
        PictureCase request, ScalarType type, PictureMethods methods, ProgressContext? progress, TimeSpan share)
    {
        const int StepsPerRound = 3;
        var name = type == ScalarType.Float32 ? "float32" : "bfloat16";
        var task = progress?.AddTask($"{name} {request.Side}x{request.Side} N={request.N}", maxValue: StepsPerRound * MostRounds);
        using var rates = await _worker.RunAsync(() => new PictureRates(request, type, _worker.Device));
        var (naive, first, pictureKept, promptKept, preparation) = (new List<double>(),
            new List<double>(), new List<double>(), new List<double>(), new List<double>());
        var (pictures, difference, fromFloat32, spread, bitEqual) = (0, 0.0, 0.0, 0.0, true);

        // The short measurement is made twice a round, before and after the long one, each time with a new picture that no cache holds.
        async Task<(ImagePart Picture, float[] Scores)> OursAsync()
        {
            var picture = request.Picture(++pictures);
            Time(preparation, () => PictureMethods.Prepare(picture));
            await _worker.RunAsync(rates.Sample);
            var scores = await TimeAsync(first, () => PictureMethods.ScoreAsync(methods.Keeping, request, picture));
            var again = await TimeAsync(promptKept, () => PictureMethods.ScoreAsync(methods.Keeping, request, picture));
            var other = await TimeAsync(first, () => PictureMethods.ScoreAsync(methods.Forgetting, request, picture));
            var otherAgain = await TimeAsync(pictureKept, () => PictureMethods.ScoreAsync(methods.Forgetting, request, picture));
            await _worker.RunAsync(rates.Sample);
            bitEqual &= scores.SequenceEqual(again) && scores.SequenceEqual(other) && scores.SequenceEqual(otherAgain);
            task?.Increment(1);
            return (picture, scores);
        }

        var rounds = 1;
        var started = _clock.Elapsed;
        for (var round = 0; round < rounds; round++)
        {
            var (picture, ours) = await OursAsync();
            var theirs = await TimeAsync(naive, () => methods.PerCandidateAsync(request, picture));
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
        var (v, c) = (PictureModel.Vision, PictureModel.Decoder);
        var (published, publishedDecoder) = PictureModel.Published;
        var (once, perCandidate) = (PictureFlops.Once(v, c, request), PictureFlops.PerCandidate(v, c, request));
        var publishedOnce = PictureFlops.Once(published, publishedDecoder, request);
        return new PictureResult
        {
            Type = name,
            Side = request.Side,
            N = request.N,
            PictureTokens = request.PictureTokens(v),
            PromptTokens = request.PromptTokens(v),
            AnswerTokens = PictureCase.AnswerTokens,
            Rounds = rounds,
            NaiveSeconds = Median(naive),
            FirstSeconds = Median(first),
            PictureKeptSeconds = Median(pictureKept),
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
            PublishedFlopRatio = PictureFlops.PerCandidate(published, publishedDecoder, request).Total / publishedOnce.Total,
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

    private static void PrintTimes(List<PictureResult> results)
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

    private static void PrintParts(List<PictureResult> results)
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
                $"{r.PictureKeptSeconds:0.000}", $"{r.FirstOverPictureKept:0.00}", $"{r.PictureKeptShareOfBound:0.000}",
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
