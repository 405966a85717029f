using System.Runtime.InteropServices;
using BestOfN.Gateway.Configuration;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Shutdown;

/// <summary>What happens between the order to stop and the end.</summary>
/// <remarks>
/// 1. <c>/readyz</c> turns 503. After SIGTERM new connections are still answered for <see cref="BestOfNOptions.ShutdownDelay"/>, until
/// balancers have noticed. 2. No more connections. Running requests have <see cref="BestOfNOptions.ShutdownTimeout"/> to end. 3. What still
/// runs is ended with an error, and the process ends.
/// </remarks>
internal sealed class Draining : IHostedLifecycleService, IDisposable
{
    // For the last errors to reach their clients.
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(10);

    private readonly BestOfNOptions _options;
    private readonly HostOptions _host;
    private readonly TimeProvider _time;
    private readonly ILogger<Draining> _logger;
    private readonly CancellationTokenSource _timeIsUp = new();
    private readonly PosixSignalRegistration _signal;
    private ITimer? _end;
    private volatile bool _isTerminated;
    private volatile bool _hasBegun;

    public Draining(IOptions<BestOfNOptions> options, IOptions<HostOptions> host, TimeProvider time, ILogger<Draining> logger)
    {
        _options = options.Value;
        _host = host.Value;
        _time = time;
        _logger = logger;

        // Ctrl-C is from a person, who does not want to wait for a balancer.
        _signal = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => Terminate());
    }

    /// <summary>Whether the gateway has been told to stop.</summary>
    public bool HasBegun => _hasBegun;

    /// <summary>Ends what is still running.</summary>
    public CancellationToken TimeIsUp => _timeIsUp.Token;

    private TimeSpan Timeout => _options.ShutdownTimeout ?? _options.TimeBudget + TimeSpan.FromSeconds(30);

    /// <summary>The gateway is about to be stopped by whatever runs it.</summary>
    public void Terminate() => _isTerminated = true;

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        // The host reads this when it stops.
        _host.ShutdownTimeout = _options.ShutdownDelay + Timeout + _grace;
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (_hasBegun)
        {
            return;
        }

        _hasBegun = true;
        if (_isTerminated && _options.ShutdownDelay > TimeSpan.Zero)
        {
            _logger.StillAnswering(_options.ShutdownDelay);
            await Task.Delay(_options.ShutdownDelay, _time, cancellationToken);
        }

        _logger.Finishing(Timeout);
        _end = _time.CreateTimer(_ => _ = _timeIsUp.CancelAsync(), null, Timeout, System.Threading.Timeout.InfiniteTimeSpan);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _signal.Dispose();
        _end?.Dispose();
        _timeIsUp.Dispose();
    }
}
