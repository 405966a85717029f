using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace BestOfN.Benchmarks.Rewards;

/// <summary>
/// Measures a running gateway as its clients see it: N templated queries of one prompt, in one request and in N at the same time, against
/// the
/// native route; then, on demand, many clients for a while.
/// </summary>
/// <remarks>Ways are measured in turn within one run, each time with a new prompt, so that no cache of an earlier round helps.</remarks>
internal static class RewardServerBenchmark
{
    private static int s_prompts;

    public static async Task<int> RunAsync(RewardServerOptions options)
    {
        using var client = new HttpClient { BaseAddress = options.Address, Timeout = TimeSpan.FromMinutes(10) };
        await CompareAsync(client, options);
        return options.Minutes > 0 ? await SoakAsync(client, options) : 0;
    }

    private static async Task CompareAsync(HttpClient client, RewardServerOptions options)
    {
        var (native, list, single) = (new List<double>(), new List<double>(), new List<double>());
        var difference = 0.0;
        for (var round = -1; round < options.Rounds; round++)
        {
            var answers = Enumerable.Range(0, options.Answers).Select(i => $"answer {i * 37} of round {round}").ToArray();
            var (expected, first) = await TimeAsync(() => NativeAsync(client, Prompt(options.Words), answers));
            var (_, second) = await TimeAsync(() => QueriesAsync(client, Prompt(options.Words), answers));
            var (_, third) = await TimeAsync(async () => (await Task.WhenAll(
                Prompt(options.Words) is var prompt ? answers.Select(answer => QueriesAsync(client, prompt, [answer])) : []))
                    .SelectMany(x => x).ToArray());
            if (round < 0)
            {
                continue; // the first round warms up
            }

            native.Add(first);
            list.Add(second);
            single.Add(third);
            var same = Prompt(options.Words);
            var alone = await NativeAsync(client, same, answers[..1]);
            var company = await NativeAsync(client, same, answers);
            var templated = await QueriesAsync(client, same, answers);
            difference = Math.Max(difference,
                Math.Max(Math.Abs(alone[0] - company[0]), company.Zip(templated, (a, b) => Math.Abs(a - b)).Max()));
            Debug.Assert(expected.Length == answers.Length, "One score for each answer.");
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            {options.Answers} answers to prompts of {options.Words} words, medians of {options.Rounds} rounds:
            native route, one request            {Samples.Median(native) * 1000:0.0} ms
            templated queries, one request       {Samples.Median(list) * 1000:0.0} ms   {Ratio(list, native):0.00} × native
            templated queries, {options.Answers} requests       {Samples.Median(single) * 1000:0.0} ms   {Ratio(
                single, native):0.00} × native
            largest difference of a score between ways and companies: {difference:0.0e+0}
            """));
    }

    private static async Task<int> SoakAsync(HttpClient client, RewardServerOptions options)
    {
        var (done, errors) = (0, 0);
        var watch = Stopwatch.StartNew();
        using var end = new CancellationTokenSource(TimeSpan.FromMinutes(options.Minutes));
        var clients = Enumerable.Range(0, options.Clients).Select(async index =>
        {
            var random = new Random(index);
            while (!end.IsCancellationRequested)
            {
                try
                {
                    await QueriesAsync(client, Prompt(random.Next(3, 60)), [$"answer {random.Next(1000)}"]);
                    Interlocked.Increment(ref done);
                }
                catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException or JsonException)
                {
                    Interlocked.Increment(ref errors);
                    Console.Error.WriteLine(exception.Message);
                }
            }
        }).ToList();
        var everything = Task.WhenAll(clients);
        while (await Task.WhenAny(everything, Task.Delay(TimeSpan.FromSeconds(30))) != everything)
        {
            var bytes = await WorkingSetAsync(client);
            Console.WriteLine($"{(int)watch.Elapsed.TotalSeconds} s: {Told(done, errors, bytes)}");
        }

        var last = await WorkingSetAsync(client);
        Console.WriteLine($"{options.Clients} clients, {(int)watch.Elapsed.TotalSeconds} s: {Told(done, errors, last)}");
        return errors == 0 ? 0 : 1;
    }

    private static string Told(int done, int errors, double bytes) => string.Create(
        CultureInfo.InvariantCulture, $"{done} requests, {errors} errors, working set {bytes / (1 << 20):0} MiB");

    private static double Ratio(List<double> way, List<double> native) => Samples.Median([.. way.Zip(native, (a, b) => a / b)]);

    private static async Task<(T Value, double Seconds)> TimeAsync<T>(Func<Task<T>> work)
    {
        var watch = Stopwatch.StartNew();
        return (await work(), watch.Elapsed.TotalSeconds);
    }

    private static string Prompt(int words) =>
        $"Number {Interlocked.Increment(ref s_prompts)}: " + string.Join(
            ' ', Enumerable.Range(0, words).Select(i => (i * 7919 % 1000).ToString(CultureInfo.InvariantCulture)));

    private static async Task<double[]> NativeAsync(HttpClient client, string prompt, string[] answers) => Numbers(
        await PostAsync(client, "/v1/rewards",
            new { messages = new[] { new { role = "user", content = prompt } }, candidates = answers }), "scores");

    private static async Task<double[]> QueriesAsync(HttpClient client, string prompt, string[] answers) => Numbers(
        await PostAsync(client, "/get_reward", new
        {
            query = answers.Select(answer => $"<s><|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>\n")
                .ToArray(),
        }),
        "rewards");

    private static double[] Numbers(JsonElement body, string name) =>
        [.. body.GetProperty(name).EnumerateArray().Select(number => number.GetDouble())];

    private static async Task<JsonElement> PostAsync(HttpClient client, string path, object body)
    {
        using var response = await client.PostAsJsonAsync(path, body);
        return response.IsSuccessStatusCode ? await response.Content.ReadFromJsonAsync<JsonElement>()
            : throw new HttpRequestException($"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
    }

    private static async Task<double> WorkingSetAsync(HttpClient client)
    {
        var metrics = await client.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        var line = metrics.Split('\n').FirstOrDefault(each =>
            each.StartsWith("dotnet_process_memory_working_set", StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }
}
