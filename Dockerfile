# The pages and the REST API, run by nobody in particular, on a file system that may be read-only:
#   docker build -t genrescope . && docker run --rm -p 8000:8000 --read-only --tmpfs /tmp genrescope
FROM python:3.13-slim AS build
COPY pyproject.toml constraints.txt README.md LICENSE /source/
COPY samples/LICENSES.md samples/classical_sugar_plum.mp3 samples/pop_hyde_acoustic.ogg \
    samples/reggae_thief_in_the_night.ogg /source/samples/
COPY src /source/src
RUN python -m venv /opt/genrescope \
    && /opt/genrescope/bin/pip install --no-cache-dir -c /source/constraints.txt "/source[web]"

FROM python:3.13-slim
COPY --from=build /opt/genrescope /opt/genrescope
RUN useradd --system --uid 10001 --no-create-home genrescope
ENV PATH=/opt/genrescope/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib \
    GENRESCOPE_CACHE=""
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/api/v1/health')"]
ENTRYPOINT ["genrescope"]
CMD ["serve", "--host", "0.0.0.0", "--allow-host", "localhost"]
